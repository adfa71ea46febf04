-- __gc/__index mutate the table the host is traversing.
-- expect: ok
-- time: 5000 ms
local t = {} for i = 1, 1000 do t["k" .. i] = i end
local mt = {} 
pcall(function() mt.__gc = function() for k in next, t do t[k] = nil end for i = 1, 1000 do t["z" .. i] = i end setmetatable({}, mt) end setmetatable({}, mt) end)
for i = 1, 200 do t["s" .. i] = string.rep("x", 10000) .. i end
return t
