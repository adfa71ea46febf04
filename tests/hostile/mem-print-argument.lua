-- print whose line does not fit
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("x", 12000000)
print(s, s, s, s, s)
