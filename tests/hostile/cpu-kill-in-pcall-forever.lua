-- pcall around a loop, in a loop: an error as a kill would be caught each time
-- expect: time_limit
local function loop() while true do end end
while true do pcall(loop) end
