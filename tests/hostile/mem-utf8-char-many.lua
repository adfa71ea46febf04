-- utf8.char of many values, joined, doubled
-- expect: memory_limit
-- time: 5000 ms
local s = utf8.char(table.unpack((function() local t = {} for i = 1, 100000 do t[i] = 0x7FFFFFFF end return t end)()))
while true do s = s .. s end
