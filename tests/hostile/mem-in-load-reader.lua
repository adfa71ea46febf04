-- A reader whose pieces do not fit
-- expect: memory_limit
-- time: 5000 ms
local s = " " .. string.rep("x", 1000000) .. "=1 "
return load(function() return s end)
