-- levels: none restricted strict
local check = require "check"

local values = {
    0.1, 0.5, 1.0, 1.5, 2 / 3, 100 / 3, 1e14, 1e15, 1e16, 1e17, 123456.789, 1e-4, 1e-5, 1e-10, 1.1e-300, 2^-1074, 2^1023, 2^53 + 2.0, 2^63, 2^64, -2^63, 3.141592653589793, 2.718281828459045, 1e21, 1e22, 1e23,
    0.30000000000000004, 9007199254740995.0, 12345678901234567890.0, 2^-1050, 2.2250738585072014e-308, 0.000123, 99999999999999.0, 999999999999999.0, 1e100,
}
for _, value in ipairs(values) do
    local name = string.format("%a", value)
    check.is(name, tostring(value), value .. "", string.format("%.14g", value), string.format("%.17g", value), string.format("%s", value), tostring(-value), tonumber(string.format("%.17g", value)) == value, tonumber(name) == value)
end
check.is("integers as floats", tostring(3.0), tostring(-3.0), tostring(1e3), tostring(2.0^31), 10 / 2, 3 * 1.0, 7 // 2.0, 2^2)
check.is("not finite", 1/0 .. "", -1/0 .. "", tostring(1/0 - 1/0), string.format("%.3f", 1/0), string.format("%5.1f", -1/0), string.format("%d", 3.0))
check.is("minus zero", -0.0, 0.0, 0.0 == -0.0, 1 / -0.0, 1 / 0.0, -0.0 + 0, 0 * -1, 0.0 * -1, string.format("%g", -0.0))
