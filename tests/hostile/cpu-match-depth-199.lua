-- Recursion of the matcher to just below its limit, over and over: much C stack, no Lua
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local p = string.rep("a?", 150) .. string.rep("a", 60) .. "b"
local s = string.rep("a", 500)
while true do string.match(s, p) end
