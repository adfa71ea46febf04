-- Long strings as keys that differ in bytes the hash might skip
-- expect: time_limit
local t, body = {}, string.rep("x", 2000)
for i = 1, 4000 do t[body .. i .. body] = i end
while true do for i = 1, 4000 do local _ = t[body .. i .. body] end end
