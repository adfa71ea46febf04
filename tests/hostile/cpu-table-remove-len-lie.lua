-- Table.remove shifts 2^60 slots because __len lies: C loop.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)
