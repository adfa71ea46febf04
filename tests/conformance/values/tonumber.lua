-- levels: none restricted strict(string.rep,string.sub)
local check = require "check"

for _, text in ipairs {
    "10", " 10 ", "\t10\n", "10.", ".5", "1e1", "0x10", "0X1p4", "-7", "- 7", "+7", "--7", "", " ", "1 2", "1a", "0x", "1e", "1e+5", "inf", "nan", "0xinf", "infinity", "1.5e-3",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "0xffffffffffffffff", "0x1ffffffffffffffff", "1e309", "-1e309", "0x.1", "0x1.8p1", "0x-1", "-0x1", "-0", "-0.0", "1\0", "1\v", "\f1", "1_0", "٣", "1,5",
    "0e0", "00", "0x0p0", "e5", ".", "-.", "+.5", "0x.", "1..2", "1e1.0", "true", "nil", ("1"):rep(199), ("1"):rep(200), ("1"):rep(201), (" "):rep(300) .. "7", "7" .. (" "):rep(300),
} do
    local name = (check.show(text))
    check.is(#name > 60 and name:sub(1, 4) .. ' length ' .. #text or name, tonumber(text))
end
for _, case in ipairs {
    {"10", 2}, {"ff", 16}, {"FF", 16}, {"zz", 36}, {"Zz", 36}, {"7", 8}, {"8", 8}, {"-101", 2}, {" 11 ", 2}, {"1 1", 2}, {"", 10}, {"-", 10}, {"--1", 10}, {"1.0", 10}, {"1e1", 16}, {"0x10", 16}, {"+1", 10},
    {"7fffffffffffffff", 16}, {"ffffffffffffffff", 16}, {"10000000000000000", 16}, {"9223372036854775808", 10}, {"1" .. ("0"):rep(64), 2}, {"a", 10}, {"é", 36}, {"1\0", 10},
} do
    check.is(check.show(case[1]):sub(1, 30) .. " in base " .. case[2], tonumber(case[1], case[2]))
end
check.each {
    "tonumber()", "tonumber(nil)", "tonumber(5)", "tonumber(5.0)", "tonumber({})", "tonumber(true)", "tonumber('10', 1)", "tonumber('10', 37)", "tonumber('10', 2.5)", "tonumber('10', '16')", "tonumber(10, 16)", "tonumber({}, 10)", "tonumber('10', nil)", "tonumber(nil, 10)", "tonumber('1e1', nil)",
}
