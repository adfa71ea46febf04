-- 20 MB string as table key: hashed and compared in one instruction.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local t = {[string.rep("x", 20000000)] = 1}
while true do local k = string.rep("x", 20000000); local v = t[k] end
