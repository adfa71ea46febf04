-- Strings doubled by every function that can
-- expect: memory_limit
-- time: 5000 ms
local s = "abc"
while true do s = s:rep(2) s = s:gsub("b", "bb") s = s .. s:reverse() s = ("%s%s"):format(s, s) end
