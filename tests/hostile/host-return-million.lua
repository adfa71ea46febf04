-- Return ~200000 values.
-- expect: ok
-- time: 5000 ms
local t = {} for i = 1, 200000 do t[i] = i end return table.unpack(t)
