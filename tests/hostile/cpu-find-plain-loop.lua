-- The same in a loop of short calls, so that the deadline mostly comes while libc runs
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local hay = string.rep("a", 300000)
local needle = string.rep("a", 3000) .. "b"
while true do hay:find(needle, 1, true) end
