-- A list of half a million links that the collector walks again and again
-- expect: time_limit
local l
for i = 1, 500000 do l = {l} end
while true do local g = {} end
