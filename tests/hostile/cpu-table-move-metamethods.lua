-- table.move between tables whose __index and __newindex are C functions: an endless C loop through C
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local t = setmetatable({}, {__index = rawlen, __newindex = rawequal})
return table.move(t, 1, math.maxinteger - 1, 2, setmetatable({}, {__newindex = rawequal, __index = rawlen}))
