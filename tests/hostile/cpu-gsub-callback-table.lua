-- gsub over a long string with a table as its replacement: no VM instruction for 20 million matches
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local s = string.rep("x", 10000000)
while true do string.gsub(s, ".", {x = false}) end
