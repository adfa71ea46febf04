-- Floats that all have one hash
-- expect: time_limit
local t = {}
for i = 1, 30000 do t[i * 2.0 ^ 500] = i end
while true do local _ = t[3 * 2.0 ^ 900] end
