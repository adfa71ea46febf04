-- levels: none restricted strict
local check = require "check"

check.each {
    "x =", "x = = 1", "= 1", "local", "local x y", "local function", "local function 1()", "function f", "function f(", "function f(a,",
    "function f(1)", "function f(..., a) end", "function a.b:c.d() end", "function a:b:c() end", "if", "if x", "if x then", "if x then else else end",
    "if x then elseif end", "while", "while x", "while x do", "for", "for i", "for i =", "for i = 1", "for i = 1, 2", "for i = 1, 2, 3, 4 do end", "for i, j = 1, 2 do end",
    "for i in", "for i in x", "for 1 = 1, 2 do end", "for a.b = 1, 2 do end", "repeat", "repeat until", "do", "end", "until x", "else", "return return", "return 1; 2", "return 1 2",
    "break", "goto", "goto 1", "::a", "f(", "f(1", "f(1,", "f(1,)", "f)", "(f", "()", "(1) = 2", "f() = 1", "a, f() = 1, 2", "a.b", "a[1]", "a:b", "1 + 1", "'x'", "a + b = 1",
    "x = {", "x = {1, 2", "x = {[1] 2}", "x = {[1] = }", "x = {a = 1 b = 2}", "x = {,}", "x = {1,,2}", "x = [1]", "not", "x = not", "x = -", "x = #", "x = 1 +", "x = .. 'a'", "x = a and", "x = or b",
    "x = function", "x = function(", "x = function() ", "a.1 = 2", "a.'b' = 1", "a..b = 1", "x = a:b", "x = ...", "function f() return ... end", "x = 1 x = 2 x", "local x <const> y", "local x <foo> = 1", "local x < = 1",
    "local x <const", "x <const> = 1", "a, b += 1", "x++", "x = y ? 1 : 2", "x = a => b", "a.b.c:d", "goto a", "::a:: ::a::", "do local x ::a:: end goto a", "goto a; local b; ::a:: b = 1",
    "local <const> x = 1", "for i <const> = 1, 2 do end", "x = {...", "return ...", "x = 'a' 'b'", "f 'a' 'b'", "x = (1", "x = 1)", "x = [[", "function() end", "local a.b = 1", "local a[1] = 1", "local function a.b() end",
}
