-- Results that share one string of 10 MB a hundred times: a gigabyte as copies
-- expect: value_limit
-- time: 5000 ms
local s, t = string.rep("x", 10000000), {} for i = 1, 100 do t[i] = s end return t
