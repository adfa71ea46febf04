-- __index loop (2000 hops allowed) over a table with one long collision chain: a single VM instruction costs ~50-100 ms.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local m = (1 << 15) - 1
local t = {}
for i = 1, 20000 do t[i * m] = i end
setmetatable(t, {__index = t})
while true do local ok = pcall(function() return t[40000 * m] end) end
