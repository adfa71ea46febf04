-- Table.concat of one big string many times.
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("x", 1000000) local t = {} for i = 1, 100000 do t[i] = s end
return #table.concat(t)
