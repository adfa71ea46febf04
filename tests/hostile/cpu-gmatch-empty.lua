-- gmatch with a pattern that matches nothing, at each of 10 million places, again and again
-- expect: time_limit
local s = string.rep("x", 10000000)
while true do for _ in s:gmatch("()") do end end
