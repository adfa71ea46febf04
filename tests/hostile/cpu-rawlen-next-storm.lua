-- next over a table of a million holes
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local t = {}
for i = 1, 1000000 do t[i] = i end
for i = 1, 999999 do t[i] = nil end
while true do next(t) end
