-- O(n) string functions over 20 MB per instruction (lower/upper/reverse/byte/len/format).
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep("x", 14000000)
while true do s:lower() s:upper() s:reverse() s:find("y", 1, true) string.format("%s", s) end
