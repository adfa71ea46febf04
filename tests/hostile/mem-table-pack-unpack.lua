-- table.pack of as many values as fit, in tables in tables
-- expect: memory_limit
-- time: 5000 ms
local keep = {}
while true do keep[#keep + 1] = table.pack(table.unpack({}, 1, 200000)) end
