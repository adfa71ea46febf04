-- levels: none restricted strict(math)
local check = require "check"

for _, v in ipairs {0, 3, -3, 3.7, -3.7, 3.0, -3.0, 0.5, -0.5, -0.0, 2^31 + 0.5, 2^53, 2^62, 2^63, -2^63, 2^64, 1e300, -1e300, 1 / 0, -1 / 0, math.maxinteger, math.mininteger} do
    check.is(string.format("%s of type %s", check.show(v), math.type(v)), math.floor(v), math.ceil(v), math.tointeger(v), (math.modf(v)), (select(2, math.modf(v))), math.abs(v))
end
check.is("NaN", math.floor(0 / 0) ~= math.floor(0 / 0), math.tointeger(0 / 0), math.modf(0 / 0) ~= math.modf(0 / 0))
check.is("whole numbers in texts", math.tointeger("3"), math.tointeger("3.0"), math.tointeger("0x10"), math.tointeger("x"), math.tointeger({}), math.tointeger(true))
check.is("fmod of integers", math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(-7, -3), math.fmod(math.mininteger, -1), math.fmod(math.mininteger, math.maxinteger))
check.is("fmod of floats", math.fmod(7.5, 2), math.fmod(-7.5, 2), math.fmod(7.5, -2), math.fmod(1, 1 / 0), math.fmod(1e308, 3))
check.is("abs", math.abs(math.mininteger), math.abs(-0.0), math.abs(-5), math.abs(-5.5))
check.is("ult", math.ult(1, 2), math.ult(-1, 2), math.ult(2, -1), math.ult(math.mininteger, math.maxinteger), math.ult(1.0, 2))
check.is("max and min", math.max(1, 2.5, -1), math.min(1, 2.5, -1), math.max(1, 1.0), math.max(1.0, 1), math.min(2), math.max(-0.0, 0.0), math.max(2^53, (1 << 53) + 1))
check.is("limits", math.maxinteger, math.mininteger, math.huge, -math.huge, math.pi, math.maxinteger + 0.0, math.maxinteger + 0.0 == 2^63)
check.each {
    "math.floor()", "math.floor('x')", "math.floor({})", "math.ceil(nil)", "math.tointeger()", "math.fmod(1, 0)", "math.fmod(1, 0.0)", "math.fmod(1.0, 0)", "math.fmod(1)", "math.max()", "math.min()", "math.max(1, 'x')", "math.max('10', 9)", "math.ult(1)", "math.ult(1.5, 2)", "math.ult(1, {})", "math.abs()", "math.modf()", "math.modf('4.5')", "math.type()", "math.abs('-7')", "math.floor('7.5')", "math.floor(-3.5) == -4", "math.fmod(0.0, 1)", "math.fmod(-6, 2)", "math.fmod(-6.0, 2)",
}
