-- Integer keys that are multiples of 2^15-1 all fall in one hash chain (no seed protects integers): each miss walks 32000 nodes.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local m = (1 << 15) - 1
local t = {}
for i = 1, 32000 do t[i * m] = i end
while true do local x = t[40000 * m] end
