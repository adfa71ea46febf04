-- levels: none restricted strict(math.maxinteger,math.mininteger)
local check = require "check"

local numbers = {
    {"2^53", 1 << 53}, {"2^53 + 1", (1 << 53) + 1}, {"2^53 - 1", (1 << 53) - 1}, {"2.0^53", 2.0^53}, {"2.0^53 + 2", 2.0^53 + 2},
    {"maxinteger", math.maxinteger}, {"maxinteger - 1", math.maxinteger - 1}, {"mininteger", math.mininteger}, {"mininteger + 1", math.mininteger + 1}, {"2.0^63", 2.0^63}, {"-2.0^63", -2.0^63}, {"below 2.0^63", 2.0^63 - 1024}, {"below -2.0^63", -2.0^63 - 2048},
    {"inf", 1/0}, {"-inf", -1/0}, {"NaN", 0/0}, {"0", 0}, {"-0.0", -0.0}, {"0.5", 0.5}, {"-0.5", -0.5}, {"1", 1}, {"1e308", 1e308},
}
local function sign(b) return b and 1 or 0 end
for i, a in ipairs(numbers) do
    local rows = {}
    for j, b in ipairs(numbers) do
        local x, y = a[2], b[2]
        rows[j] = sign(x < y) .. sign(x <= y) .. sign(x > y) .. sign(x >= y) .. sign(x == y) .. sign(x ~= y)
    end
    check.is(a[1] .. " against the others", table.concat(rows, " "))
end
local t = {}
for _, a in ipairs(numbers) do
    if a[2] == a[2] then
        t[a[2]] = (t[a[2]] or "") .. a[1] .. ";"
    end
end
for _, a in ipairs(numbers) do
    check.is(a[1] .. " as a key", t[a[2]])
end
check.is("the constant forms", 1 < 1.5, 1.5 > 1, 2 <= 2.0, -1 < -0.5, 127 < 127.5, -128 > -128.5, 1 << 62 < 2.0^62 + 1)
local x = 3
check.is("with constants", x < 3.5, x > 2.5, x <= 3.0, x >= 3.0, x == 3.0, 3.5 > x, 2 < x, x < 1e30, x > -1e30, x == 0/0)
