-- Many %99.99f of 1e308 in one format call.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local f = string.rep("%99.99f", 200)
local a = {} for i = 1, 200 do a[i] = 1e308 end
while true do string.format(f, table.unpack(a)) end
