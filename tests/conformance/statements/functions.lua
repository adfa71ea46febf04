-- levels: none restricted strict(math.floor,string.match,string.rep,string.upper)
local check = require "check"

local t = {a = {b = {}}}
function t.a.b.c(x) return x end
function t.a.b:m(x) return self == t.a.b, x end
check.is("names with dots", t.a.b.c(1), t.a.b:m(2), t.a.b.m(t.a.b, 3))
local function fact(n) return n < 2 and 1 or n * fact(n - 1) end
check.is("a local function knows itself", fact(20))
local fib = function(n) return fib end
check.is("a function in a local does not", fib(1))
check.is("text and table arguments", (function(s) return s end) "text", (function(s) return s end) [[long]], #(function(s) return s end) {1, 2}, ("x"):rep(2):upper())
check.is("chains", (function() return function() return function() return "deep" end end end)()()())
local function counter() local n = 0; return function() n = n + 1; return n end, function() n = 0 end end
local up, reset = counter()
check.is("shared upvalues", up(), up(), (reset()), up())
check.is("separate closures", counter()(), counter()())
check.is("results", (function() end)() == nil, {select("#", (function() end)())}, {select("#", (function() return end)())}, select("#", (function() return nil end)()))
check.is("method calls evaluate once", (function() local n = 0; local o = {f = function(self) return self.v end, v = 5}; local function get() n = n + 1; return o end; return get():f(), n end)())
check.each {
    "nothing()", "math.nothing()", "('x').y.z()", "({}).f()", "({}):f()", "(nil)()", "(5)()", "local f f()", "local t = {} t.x.y()", "local t = {x = 1} t.x()", "local t = {} t:m()", "local t = {} t[1]()", "local t, k = {}, 'key' t[k]()", "('x')()", "({}){}", "true()", "local s = 'x' s:bad()", "local n = 5 n:bad()", "math.floor:bad()", "(function() end):bad()", "string.rep.x.y", "local up = 1 return (function() up() end)()", "local up return (function() up.x = 1 end)()", "local up return (function() return up.x.y end)()",
}
local depth = 0
local function dive() depth = depth + 1; return 1 + dive() end
local ok, message = pcall(dive)
check.is("endless recursion", ok, message:match("stack overflow"), depth > 10000)
check.is("afterwards", fact(10), up())
check.is("many parameters", (function(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) return a10, a1 end)(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
