-- Every small program loaded and run, forever
-- expect: time_limit
local i = 0
while true do i = i + 1 load("local a = ... return a + " .. i)(1) end
