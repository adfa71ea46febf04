-- Fill with small blocks, free them, and want half of the limit in one piece: that must succeed
-- expect: ok
-- time: 5000 ms
local t = {}
pcall(function() for i = 1, 1e9 do t = {t} end end)
t = nil
local ok, s = pcall(string.rep, "x", 30 << 20)
return ok and "HELD" or "ESCAPED: freed memory cannot be used again: " .. tostring(s)
