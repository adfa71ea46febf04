-- Finalizer planted by tenant A runs during tenant B (its time, its environment). Two-tenant file.
-- expect: ok
pcall(function() setmetatable({}, {__gc = function(o) _G.planted = "PWNED" setmetatable(o, getmetatable(o)) end}) end)
--@NEXT-TENANT
for i = 1, 300000 do local t = {i} end
if planted == "PWNED" then return "ESCAPED: previous tenant's finalizer ran in our call" end
return "HELD"
