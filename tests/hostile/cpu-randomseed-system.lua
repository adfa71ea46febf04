-- math.randomseed() asks the system for randomness every time
-- expect: time_limit
while true do math.randomseed() end
