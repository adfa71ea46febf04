-- Table.sort of 100000 references to two equal 8 MB strings: each comparison is an 8 MB strcoll; one C call.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local a = string.rep("a", 8000000) ; local b = string.rep("a", 8000000)
local t = {}
for i = 1, 100000 do t[i] = (i % 2 == 0) and a or b end
table.sort(t)
