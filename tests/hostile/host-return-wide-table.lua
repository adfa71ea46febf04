-- A result of two million items
-- expect: value_limit
-- time: 5000 ms
local t = {} for i = 1, 2000000 do t[i] = true end return t
