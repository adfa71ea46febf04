-- table.move into far apart places of one table
-- expect: memory_limit
-- time: 5000 ms
local t, s = {}, {}
for i = 1, 1000 do s[i] = i end
for i = 1, 1e9 do table.move(s, 1, 1000, i * 10000000, t) end
