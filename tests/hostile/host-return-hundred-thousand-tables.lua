-- As many small tables as the bounds let through
-- expect: ok|value_limit
-- time: 5000 ms
local t = {} for i = 1, 100000 do t[i] = {i, {x = {}}} end return t
