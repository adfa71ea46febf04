-- levels: none restricted strict(math.mininteger,math.type,string.rep,string.sub)
local check = require "check"

for _, text in ipairs {
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "99999999999999999999999999",
    "0x7fffffffffffffff", "0x8000000000000000", "0xffffffffffffffff", "0x10000000000000000",
    "0x1ffffffffffffffff", "0xfffffffffffffffffffff", "-0x8000000000000000", "-0xffffffffffffffff",
    "0x7fffffffffffffff.0", "0xffffffffffffffff.0", "0x1p63", "0x1p64", "0x1p1023", "0x1p1024", "0x1p-1074", "0x1p-1075",
    "00000000000000000000000000000000000009223372036854775807", "0x00000000000000000000000000000000000000ff",
    ("9"):rep(308), ("9"):rep(310), "0." .. ("0"):rep(320) .. "1", "0x" .. ("f"):rep(300), "0x" .. ("f"):rep(100) .. "p-400",
    "1" .. ("0"):rep(190), "1" .. ("0"):rep(200) .. "e-200",
} do
    local value = load("return " .. text)()
    check.is(#text > 60 and text:sub(1, 8) .. " of length " .. #text or text, value, math.type(value), tonumber(text))
end
check.is("minus and the largest", -9223372036854775808 == math.mininteger, -9223372036854775808)
check.is("as hexadecimal", -0x8000000000000000 == math.mininteger, 0xffffffffffffffff == -1)
check.is("powers of two", 2^53 == 9007199254740992, 2^53 + 1, 2^63, -2^63 == math.mininteger)
