-- A long string literal and a long comment that are never closed, in many sizes
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = "return [==[" .. string.rep("]=]", 4000000)
while true do load(s) load("--[==[" .. s) end
