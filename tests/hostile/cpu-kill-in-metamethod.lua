-- A loop in __tostring, __name, __index, called from C functions that catch nothing, below pcall
-- expect: time_limit
local o = setmetatable({}, {__tostring = function() while true do end end})
while true do pcall(print, o) pcall(string.format, "%s", o) pcall(error, o) end
