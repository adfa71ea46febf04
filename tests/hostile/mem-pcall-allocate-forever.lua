-- Fill memory, then allocate a little more below pcall for as long as it lasts
-- expect: time_limit
-- time: 700 ms
local hog = {}
pcall(function() for i = 1, 1e9 do hog[i] = {i} end end)
while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end) end
