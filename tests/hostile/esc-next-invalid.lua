-- Modify tables during traversal, bad keys to next, during GC.
-- expect: ok
-- time: 5000 ms
local t = {} for i = 1, 1000 do t["k" .. i] = i end
pcall(function() for k in next, t do t[k .. "x"] = 1 end end)
pcall(next, {}, "nokey") pcall(next, t, 0/0) pcall(rawset, t, 0/0, 1) pcall(rawset, t, nil, 1)
pcall(function() for k, v in pairs(t) do t = nil end end)
for k in pairs{1, 2, 3, x = 1} do local g = {} for i = 1, 1000 do g[i] = {} end end
return "HELD"
