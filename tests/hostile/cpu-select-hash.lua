-- select of all of a million arguments, one after the other
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local function count(...) local n = 0 for i = 1, select("#", ...) do n = n + select("#", select(i, ...)) end return n end
return count(table.unpack({}, 1, 240000))
