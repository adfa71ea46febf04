-- Collectgarbage() in a loop over a 40 MB heap of small objects: ~100+ ms per VM instruction.
-- expect: time_limit
local t = {}
for i = 1, 400000 do t[i] = {i} end
while true do collectgarbage() end
