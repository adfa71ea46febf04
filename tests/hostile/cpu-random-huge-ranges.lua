-- math.random with ranges that its projection has to try again for, half the time
-- expect: time_limit
local random = math.random
while true do random(0, 1 << 62) random(math.mininteger, 1) random(0) math.randomseed(1, 2) end
