-- Strings' own arithmetic reached with operands that change the string library while it works
-- expect: ok
local o = setmetatable({}, {__add = function(a, b) string.rep = nil return setmetatable({}, getmetatable(a)) end, __concat = function(a, b) return b end})
pcall(function() return "10" + o end) pcall(function() return o + "x" end) pcall(function() return "a" + {} end) pcall(function() return "0x" * "1" end)
pcall(function() return "1" // "0" end) pcall(function() return -"9223372036854775808" end) pcall(function() return "1" << "64" end) pcall(function() return "1.5" | 1 end)
return "HELD"
