-- levels: none restricted strict(setmetatable,string.rep,string.reverse,string.upper)
local check = require "check"

-- The metatable of strings: what it does, whoever may see it.
check.is("methods", ("x"):rep(3), ("abc"):upper(), ("%d"):format(5), #("abc"):reverse(), ("a b"):gsub(" ", "_"))
check.is("arithmetic", "1" + 2, 1 + "2", "1" - "2", "2" * "3", "6" / "2", "7" // "2", "7" % "4", "2" ^ "3", -"5", -"0x10")
check.is("fractions", "1.5" + 1, "1e2" * 1, "0x.8" + 0, " 7 " + 0, "7 // 2" == 3)
for _, case in ipairs {{"a", 1}, {1, "b"}, {"c", "d"}, {"", 1}, {"1", {}}, {{}, "1"}, {"1", nil}, {"x", true}, {"1x", 1}} do
    local a, b = case[1], case[2]
    check.call(check.show(a) .. " and " .. check.show(b), function() return a + b end)
end
check.call("unary minus", function() return -"x" end)
check.call("a constant", function() return "abc" * 2 end)
check.call("a local", function() local text = "abc"; return text - 1 end)
check.call("a field", function() local t = {name = "abc"}; return t.name / 2 end)
check.call("an upvalue", (function() local up = "abc"; return function() return up % 2 end end)())
local number = setmetatable({}, {__add = function(a, b) return type(a) .. " " .. type(b) end, __sub = function() return "sub" end, __unm = function() return "unm" end, __mod = function() return "mod" end})
check.is("the other operand's method", "x" + number, number + "x", "1" + number, "y" - number, "z" % number)
check.call("the other operand without one", function() return "x" * number end)
check.is("order", "a" < "b", "a" < "a", "a" <= "a", "Z" < "a", "" < "a", "a\0" > "a", "10" < "9")
check.call("order against a number", function() return "1" < 2 end)
check.is("concatenation", "a" .. 1, 1 .. 2, 1.5 .. "", "x" .. -0.0, 2^53 .. "")
check.call("concatenation with nil", function() local x; return "a" .. x end)
check.call("concatenation with a field", function() local t = {}; return "a" .. t.x .. "b" end)
check.call("concatenation with a boolean", function() return "a" .. true end)
check.call("concatenation with a function", function() return "a" .. print end)
