-- Expressions of 100,000 and/or: lists of jumps patched over and over
-- expect: time_limit
-- hook: no (one call of load; the hook does not come in there)
local text = "local a,b,c return " .. string.rep("a and b or c or ", 100000) .. "nil"
while true do load(text) end
