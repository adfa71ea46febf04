-- table.concat over the length that __len claims, of numbers that __index makes
-- expect: time_limit
local t = setmetatable({}, {__len = function() return math.maxinteger end, __index = function() return "" end})
return table.concat(t)
