-- string.pack with alignment and fixed sizes that pad out a gigabyte
-- expect: memory_limit
-- time: 5000 ms
local keep = {}
for i = 1, 1e9 do keep[i] = string.pack("c65536", "") .. string.pack("!16i16", i) end
