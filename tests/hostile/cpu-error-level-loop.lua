-- error with levels that do not exist, over and over
-- expect: time_limit
while true do pcall(error, "x", math.maxinteger) pcall(error, "x", math.mininteger) pcall(error, "x", 2147483648) pcall(error, nil, -1) end
