-- table.unpack, sort and remove believe a __len of 2^31 - 1
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local t = setmetatable({}, {__len = function() return 2147483646 end, __index = rawlen, __newindex = rawequal})
pcall(table.unpack, t)
pcall(table.remove, t)
return table.sort(t, rawequal)
