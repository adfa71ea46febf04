-- Collectgarbage('step', n) in a loop.
-- expect: time_limit
local t = {}
for i = 1, 400000 do t[i] = {i} end
while true do collectgarbage("step", 1 << 30) end
