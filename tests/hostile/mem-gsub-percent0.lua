-- %0 expansion, repeated.
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("x", 1000) while true do s = string.gsub(s, ".+", "%0%0%0%0%0%0%0%0") end
