-- The border of a table with holes searched again and again
-- expect: time_limit
local t = {}
for i = 1, 1 << 20 do t[i] = i end
while true do for i = 1, 1 << 20, 4097 do t[i] = nil local _ = #t t[i] = i end end
