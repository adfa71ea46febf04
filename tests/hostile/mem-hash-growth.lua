-- A hash part that doubles, filled with nil over and over in between
-- expect: memory_limit
-- time: 5000 ms
local t = {}
for i = 1, 1e9 do t[i + 0.5] = true t["x"] = nil end
