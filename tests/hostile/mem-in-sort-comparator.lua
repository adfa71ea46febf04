-- Run out of memory inside a comparator, with the table half sorted
-- expect: memory_limit
-- time: 5000 ms
local keep, t = {}, {}
for i = 1, 100000 do t[i] = -i end
table.sort(t, function(a, b) keep[#keep + 1] = {a, b, {}} return a < b end)
