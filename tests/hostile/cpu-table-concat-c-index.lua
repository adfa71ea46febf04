-- Table.concat over 2^63 empty strings delivered by a C function as __index (getmetatable returns __metatable=''): endless C loop, no allocation, no VM instruction.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return table.concat(setmetatable({}, {__index = getmetatable, __metatable = ''}), '', 1, math.maxinteger)
