-- A table of 40 levels, each of which holds the next one twice: 2^40 values as a tree
-- expect: value_limit
-- time: 5000 ms
local t = {} for i = 1, 40 do t = {t, t} end return t
