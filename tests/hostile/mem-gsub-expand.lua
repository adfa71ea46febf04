-- gsub that puts the whole string in the place of each of its characters
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("x", 10000)
return #s:gsub("x", (s:gsub("%%", "%%%%")))
