-- Addresses from tostring and %p name memory, but nothing takes them
-- expect: ok
local p = string.format("%p", {})
if pcall(load, p) and load(p) then return "ESCAPED" end
if tonumber(p) and pcall(function() return tonumber(p)[1] end) then return "ESCAPED: an address is a table" end
return "HELD"
