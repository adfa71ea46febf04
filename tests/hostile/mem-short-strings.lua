-- Millions of different short strings: once the string table cannot double, Lua collects everything for each new one
-- expect: time_limit
-- time: 700 ms
local t = {}
for i = 1, 1e9 do t[i] = "k" .. i end
