-- Gsub over a long string calling pcall(capture) from C; swallows everything, no VM instruction.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local s = string.rep("x", 20000000)
while true do string.gsub(s, ".", pcall) end
