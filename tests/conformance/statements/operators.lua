-- levels: none restricted strict(error,math.sqrt)
local check = require "check"

check.each {
    "1 + 2 * 3", "(1 + 2) * 3", "2 ^ 3 ^ 2", "-2 ^ 2", "2 ^ -1", "not 1 == 2", "not (1 == 2)", "1 .. 2 .. 3", "1 + 2 .. 3 + 4", "'a' .. 'b' == 'ab'", "1 < 2 == true", "1 == 1 ~= false", "2 * 3 % 4", "7 // 2 * 2", "-3 % 5", "-(3 % 5)", "#'abc' + 1", "-'2' + 1", "- - -1", "not not nil", "1 or error('x')", "nil and error('x')", "false == nil", "nil or false", "false or nil", "1 and nil", "1 and 2 or 3", "nil and 2 or 3", "1 and false or 3", "(1 or 2) and 3", "1 << 2 + 1", "1 << 2 << 1", "256 >> 2 >> 1", "5 & 3 | 8", "5 | 3 & 8", "5 ~ 3 & 1", "1 .. 1 << 1", "'1' + 1 .. 1", "3 - -2", "3 - - 2", "2 - 1 - 1", "2 ^ 2 * 3", "-2 * -3", "1 <= 1 and 2 >= 2", "'a' < 'b' and 'b' < 'c'", "1 < 2 < 3", "#{1, 2} == 2", "#{} + #''", "-{} == 1", "{} .. {}", "#nil", "not nil .. 'x'", "~5 & 0xf", "- '0x10'", "2 == 2.0 and '2' ~= 2", "({1, 2, 3})[2]", "('x').y", "(function() return 1, 2 end)()", "((function() return 1, 2 end)())", "#'\\0\\0'", "1 == 1 .. ''", "5 // 0.0 == 1 / 0", "1 ~= 1", "a == nil", "1 .. -1", "2^0.5 == math.sqrt(2)",
}
local log = {}
local function note(x) log[#log + 1] = tostring(x); return x end
local r = note(1) + note(2) * note(3)
check.is("operands from the left", r, log)
log = {}
r = note(nil) and note(1) or note(2)
check.is("short circuits", r, log)
log = {}
local t = {note(1), [note("k")] = note("v"), note(2)}
check.is("constructors in order", t, log)
log = {}
r = (note "a") .. (note "b") .. (note "c")
check.is("concatenation", r, log)
log = {}
r = note(1) < note(2) and note(3) >= note(4)
check.is("comparisons", r, log)
