-- Array growth.
-- expect: memory_limit
-- time: 5000 ms
local t = {} for i = 1, math.maxinteger do t[i] = i end
