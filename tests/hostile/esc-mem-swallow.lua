-- Catch the memory-limit error and go on.
-- expect: ok
-- time: 5000 ms
local t = {}
local ok, e = pcall(function() for i = 1, 1e12 do t[i] = {} end end)
t = nil
return "HELD: caught: " .. tostring(e)
