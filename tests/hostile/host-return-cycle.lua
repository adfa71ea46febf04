-- A result that contains itself, through metatables, keys and values
-- expect: value_limit
local t = {1, 2} t[3] = {x = t} return t
