-- levels: none restricted strict(error,rawequal,setmetatable)
local check = require "check"

local mt = {}
local function name(v) return type(v) == "table" and "T" or tostring(v) end
for _, event in ipairs {"add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot"} do
    mt["__" .. event] = function(a, b, ...) return event .. "(" .. name(a) .. "," .. name(b) .. "," .. select("#", ...) .. ")" end
end
local a, b, n = setmetatable({}, mt), setmetatable({}, mt), 7
check.is("two tables", a + b, a - b, a * b, a / b, a % b, a ^ b, a // b, a & b, a | b, a ~ b, a << b, a >> b)
check.is("a number on the right", a + 1, a - 1, a * 1, a / 1, a % 1, a ^ 1, a // 1, a & 1, a | 1, a ~ 1, a << 1, a >> 1)
check.is("a number on the left", 1 + a, 1 - a, 1 * a, 1 / a, 1 % a, 1 ^ a, 1 // a, 1 & a, 1 | a, 1 ~ a, 1 << a, 1 >> a)
check.is("a float", a + 1.5, 1.5 + a, a & 1.5, 1.5 & a, a << 2.5, 2.5 >> a)
check.is("a variable", a + n, n + a, a // n, n // a, a | n, n | a, a << n, n >> a)
check.is("a text", a + "x", "x" + a, a | "x", "x" | a, "10" + a)
check.is("nil and booleans", a + nil, nil + a, true - a, a * false, print // a == "idiv(" .. name(print) .. ",T,0)")
check.is("one operand", -a, ~a)
check.is("large constants", a + 1000, 1000 - a, a - 1000, a * 100000, a // 1000000, a % 70000)
local other = setmetatable({}, {__add = function() return "other" end, __unm = function(x, y) return rawequal(x, y) end})
check.is("the left one's comes first", other + a, a + other, -other)
check.is("a result is one value", {(function() local t = setmetatable({}, {__add = function() return 1, 2, 3 end}); return t + 1 end)()}, select("#", setmetatable({}, {__add = function() end}) + 1))
check.is("anything may be a result", setmetatable({}, {__add = function() return nil end}) + 1, type(setmetatable({}, {__sub = function() return {} end}) - 1), setmetatable({}, {__bnot = function() return false end}) and ~setmetatable({}, {__bnot = function() return false end}))
check.is("a callable object", setmetatable({}, {__add = setmetatable({}, {__call = function(self, x, y) return "called with " .. name(x) .. " " .. name(y) end})}) + 5)
check.call("no function", function() return setmetatable({}, {__add = 5}) + 1 end)
check.call("no method", function() return setmetatable({}, {}) + 1 end)
check.call("no method for another event", function() return setmetatable({}, {__add = print}) - 1 end)
check.call("a method by inheritance is none", function() return setmetatable({}, setmetatable({}, {__index = {__add = print}})) + 1 end)
check.call("an error in it", function() return setmetatable({}, {__add = function(x, y) return y.z.w end}) + {} end)
check.is("text arithmetic stays", "10" + 1, "3" * "4", -"2", 10 .. "")
