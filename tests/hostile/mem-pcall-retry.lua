-- Fill memory, then fail allocations in pcall forever: each failure is a full emergency GC, no progress, hook fires rarely.
-- expect: time_limit
-- time: 700 ms
local hog = {}
pcall(function() for i = 1, 1e12 do hog[i] = {i} end end)
while true do pcall(string.rep, "x", 1 << 26) end
