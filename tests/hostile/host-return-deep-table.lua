-- A result nested 10,000 deep
-- expect: value_limit
local t = {} for i = 1, 10000 do t = {t} end return t
