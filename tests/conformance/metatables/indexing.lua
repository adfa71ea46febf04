-- levels: none restricted strict(error,next,rawequal,rawget,rawlen,rawset,setmetatable,string.len)
local check = require "check"

local base = {x = 1, y = 2}
local t = setmetatable({y = 3}, {__index = base})
check.is("a table", t.x, t.y, t.z, rawget(t, "x"))
t = setmetatable({y = 3}, {__index = function(self, k, ...) return "got " .. tostring(k), 2 end})
check.is("a function", t.x, t.y, t[1], t[1.5], t[true], t[nil], (t.q))
local chain = {deep = "found"}
for i = 1, 50 do chain = setmetatable({}, {__index = chain}) end
check.is("a chain", chain.deep, chain.none)
local loop = {}
setmetatable(loop, {__index = loop})
check.call("a loop", function() return loop.x end)
check.call("a loop of new fields", function() local l = {} setmetatable(l, {__newindex = l}); l.x = 1; return l.x end)
local m1, m2 = {}, {}
setmetatable(m1, {__newindex = m2}); setmetatable(m2, {__newindex = m1})
check.call("a loop of two", function() m1.x = 1 end)
check.call("__index that cannot be indexed", function() return setmetatable({}, {__index = 5}).x end)
check.is("__index that is a text", setmetatable({}, {__index = "abc"}).len == string.len)
check.is("__index that is callable only", pcall(function() return setmetatable({}, {__index = setmetatable({}, {__call = function() return "called" end})}).x end))
check.call("an error in it", function() return setmetatable({}, {__index = function(_, k) error("no field " .. k) end}).foo end)
local log = {}
t = setmetatable({a = 1}, {__newindex = function(self, k, v) log[#log + 1] = tostring(k) .. "=" .. tostring(v) end})
t.a, t.b, t[1] = 2, 3, 4
t.a = nil; t.a = 5
check.is("__newindex", log, rawget(t, "b"), rawget(t, "a"))
local target = {}
t = setmetatable({}, {__newindex = target})
t.x = 1; t[1] = "one"
check.is("__newindex to a table", target, next(t))
t = setmetatable({}, {__newindex = rawset})
t.x = 1
check.is("rawset as method", t.x, rawlen(t))
check.call("__newindex with nil as key", function() local u = setmetatable({}, {__newindex = {}}); u[nil] = 1 end)
check.call("__newindex function with nil as key", function() local u = setmetatable({}, {__newindex = function(_, k, v) error("key " .. tostring(k), 0) end}); u[nil] = 1 end)
check.is("both", (function() local store = {}; local p = setmetatable({}, {__index = store, __newindex = function(_, k, v) store[k] = v * 2 end}); p.n = 5; p.n = p.n + 1; return p.n, rawget(p, "n") end)())
check.is("methods by inheritance", (function() local A = {}; A.__index = A; function A.new(v) return setmetatable({v = v}, A) end function A:get() return self.v end; local B = setmetatable({}, {__index = A}); B.__index = B; function B:get2() return self:get() * 2 end; return setmetatable({v = 21}, B):get2() end)())
check.is("a present false is there", (function() local u = setmetatable({f = false}, {__index = function() return "asked" end}); return u.f, u.g end)())
check.is("raw access", rawget(setmetatable({}, {__index = {x = 1}}), "x"), rawset(setmetatable({}, {__newindex = error}), "x", 1).x, rawlen(setmetatable({1, 2}, {__len = function() return 9 end})), rawlen("abc"), rawequal("a", "a"))
check.each {"rawget()", "rawget({})", "rawget(1, 2)", "rawget('x', 1)", "rawset({}, nil, 1)", "rawset({}, 1)", "rawset({}, 0/0, 1)", "rawset(nil, 1, 1)", "rawlen(5)", "rawlen()", "rawlen(nil)", "rawequal()", "rawequal(1)", "rawequal(nil, nil)", "rawequal(1, 1.0)", "rawequal('1', 1)"}
check.is("globals", (function() local env = setmetatable({}, {__index = function(_, k) return "global " .. k end}); return load("return foo, bar", "=c", "t", env)() end)())
