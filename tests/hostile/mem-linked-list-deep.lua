-- 10^6-deep linked structure (recursive traversals in host or GC).
-- expect: memory_limit
-- time: 5000 ms
local l for i = 1, 1e12 do l = {l} end
