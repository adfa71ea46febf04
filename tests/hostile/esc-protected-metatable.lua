-- __metatable of one tenant stays with it
-- expect: ok
for _, lib in pairs(_G) do if type(lib) == "table" and lib ~= _G then setmetatable(lib, {__metatable = "mine"}) end end
setmetatable(_G, {__metatable = "mine"})
--@NEXT-TENANT
for k, lib in pairs(_G) do if type(lib) == "table" and getmetatable(lib) then return "ESCAPED: " .. k .. " has a metatable" end end
return "HELD"
