-- An array that doubles up to 2^26 items: the last doubling needs 1 GiB
-- expect: memory_limit
-- time: 5000 ms
local t = {}
for i = 1, 1 << 26 do t[i] = i end
return #t
