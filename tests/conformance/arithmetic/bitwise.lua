-- levels: none restricted strict(math.maxinteger,math.mininteger)
local check = require "check"

local max, min = math.maxinteger, math.mininteger
for _, a in ipairs {1, -1, 0x0f, max, min, 0x0123456789abcdef} do
    local left, right = {}, {}
    for _, n in ipairs {0, 1, 4, 31, 32, 62, 63, 64, 65, 127, -1, -4, -63, -64, -65, max, min} do
        left[#left + 1] = string.format("%x", a << n)
        right[#right + 1] = string.format("%x", a >> n)
    end
    check.is(string.format("%x to the left", a), table.concat(left, " "))
    check.is(string.format("%x to the right", a), table.concat(right, " "))
end
check.is("and, or, xor, not", 0xf0 & 0x3c, 0xf0 | 0x3c, 0xf0 ~ 0x3c, ~0, ~-1, ~0xf0, -1 & 0xff, 5 ~ 5, 0 | min)
check.is("logical, not arithmetic", -1 >> 1 == max, -1 >> 63, min >> 63, -8 >> 1)
check.is("floats that are integers", 1.0 << 2, 3 & 2.0, 2.0^53 | 0, -0.0 | 0, ~2.0)
check.is("precedence", 1 | 2 & 3, 1 << 2 + 1, 1 | 2 ~ 3, ~1 & 3, -1 >> 60, 2 ^ 2 | 1, 6 & 3 ~ 1 | 8)
check.each {"1.5 | 1", "1 & 2^63", "2^63 << 1", "-2^63 | 0", "1/0 | 1", "0/0 | 1", "nil | 1", "{} & 1", "1 ~ true", "~{}", "~1.5", "'a' | 1", "1 << 'x'", "1 << {}", "1 << 1.5", "'1.5' | 1", "1e15 | 0", "1e19 | 0", "print | 1", "1 >> nil"}
local x, t = 1.5, {field = {}}
check.call("a local's name", function() return x | 1 end)
check.call("a field's name", function() return t.field | 1 end)
check.call("a constant's place", function() return 1 | t.nothing end)
