-- levels: none restricted strict(rawequal)
local check = require "check"

local inf, nan = 1 / 0, 0 / 0
local values = {{"0.0", 0.0}, {"-0.0", -0.0}, {"1.5", 1.5}, {"-1.5", -1.5}, {"5.3", 5.3}, {"-5.3", -5.3}, {"inf", inf}, {"-inf", -inf}, {"1e308", 1e308}, {"5e-324", 5e-324}}
for _, a in ipairs(values) do
    for _, b in ipairs {{"1.0", 1.0}, {"-3.0", -3.0}, {"0.3", 0.3}, {"inf", inf}, {"-inf", -inf}, {"0.0", 0.0}} do
        local x, y = a[2], b[2]
        check.is(a[1] .. " and " .. b[1], x + y, x - y, x * y, x / y, x // y, x % y)
    end
end
check.is("not a number", nan == nan, nan ~= nan, nan < 1, nan > 1, nan <= nan, not (nan < 1), rawequal(nan, nan))
check.is("powers", 2.0 ^ 0.5, 0 ^ 0, 0.0 ^ -1, inf ^ 0, nan ^ 0, 1 ^ nan, (-8) ^ (1 / 3) ~= (-8) ^ (1 / 3), 2 ^ 1024, 2 ^ -1075, (-2) ^ 3, (-2) ^ 2, 10 ^ 2, -2 ^ 2)
check.is("associativity", 2 ^ 3 ^ 2, (2 ^ 3) ^ 2, -2 ^ -2, 1 - 2 - 3, 8 / 4 / 2, 7 // 2 // 2, 100 % 7 % 3)
check.is("rounding", 0.1 + 0.2 == 0.3, 0.1 + 0.2, 1e16 + 1, 1e15 + 0.3, 9007199254740992.0 + 1, 3 * 0.1, 1 - 0.9)
check.is("remainders' signs", 5.5 % 2, -5.5 % 2, 5.5 % -2, -5.5 % -2, 1e-300 % -1e300, -1e-300 % 1e300, 5 % inf, -5 % inf, 5 % -inf)
check.is("floor division", 5.5 // 2, -5.5 // 2, 5.5 // -2, 1e308 // 1e-308, 0.3 // 0.1, 1 // 0.1, -0.0 // 1)
