-- Poison the shared string metatable: the next tenant's s:upper() runs our code. Two-tenant file.
-- expect: ok
local mt = getmetatable("")
if type(mt) == "table" then
  mt.__index = function(s, k) leaked = s return function() return "PWNED" end end
  mt.__add = function() return "PWNED" end
  mt.__call = function() return "PWNED" end
end
--@NEXT-TENANT
if ("secret"):upper() ~= "SECRET" then return "ESCAPED: next tenant's string methods hijacked" end
return "HELD"
