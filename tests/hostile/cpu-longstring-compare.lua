-- Equality of two different 20 MB strings (memcmp) per VM instruction.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local a = string.rep("x", 20000000) .. "1"
local b = string.rep("x", 20000000) .. "2"
while true do local c = (a == b) end
