-- __tostring / __name that never return or recurse.
-- expect: time_limit
local mt = {} ; local t = setmetatable({}, mt)
mt.__tostring = function(s) return tostring(s) end
pcall(tostring, t)
mt.__tostring = function() while true do end end
pcall(tostring, t)
pcall(string.format, "%s", t)
