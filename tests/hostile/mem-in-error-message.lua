-- An error message that does not fit: its position is put in front
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("x", 25000000)
local keep = {}
pcall(function() for i = 1, 1e9 do keep[i] = {i} end end)
error(s)
