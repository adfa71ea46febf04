-- table.sort of half a million with a comparator in C that always says no
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local t = {}
for i = 1, 500000 do t[i] = i % 7 end
while true do pcall(table.sort, t, math.ult) end
