-- levels: none restricted strict(setmetatable,coroutine.create,math.maxinteger,math.mininteger,string.char,string.rep)
local check = require "check"

check.is("texts", ("%q"):format("x"), ("%q"):format('say "hi"'), ("%q"):format("back\\slash"), ("%q"):format("a\nb"), ("%q"):format("a\0b\0001"), ("%q"):format("a\r\t\27"), ("%q"):format("é\255"), ("%q"):format("\127\0019"))
check.is("numbers", ("%q"):format(5), ("%q"):format(-7), ("%q"):format(1.5), ("%q"):format(0.1), ("%q"):format(-0.0), ("%q"):format(1e100), ("%q"):format(2^53), ("%q"):format(1 / 0), ("%q"):format(-1 / 0), ("%q"):format(0 / 0), ("%q"):format(math.mininteger), ("%q"):format(math.maxinteger))
check.is("others", ("%q"):format(nil), ("%q"):format(true), ("%q"):format(false))
for i, value in ipairs {"", "x\0y", "\n\r\t\\\"'", ("x"):rep(300), 0.1, 1 / 3, math.mininteger, 1e308, 5e-324, -1 / 0, true, "\0011\0022"} do
    check.is("read back " .. i, load("return " .. ("%q"):format(value))() == value)
end
check.is("every byte", (function() local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end local s = table.concat(t); return load("return " .. ("%q"):format(s))() == s, #("%q"):format(s) end)())
check.each {"('%q'):format({})", "('%q'):format(print)", "('%q'):format(coroutine.create(print))", "('%q'):format()", "('%5q'):format('x')", "('%-q'):format('x')", "('%.1q'):format('x')", "('%q%q'):format('a', 'b')", "('%s=%q'):format('k', 'v')", "('%q'):format(setmetatable({}, {__tostring = function() return 'x' end}))"}
