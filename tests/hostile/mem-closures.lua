-- Closures with upvalues.
-- expect: memory_limit
-- time: 5000 ms
local t = {} for i = 1, 1e12 do local x = i; t[#t + 1] = function() return x end end
