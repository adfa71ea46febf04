-- __eq, __lt and __le that answer through one another
-- expect: time_limit
local mt = {}
mt.__eq = function(a, b) return not (a < b) end
mt.__lt = function(a, b) return a <= b end
mt.__le = function(a, b) return a == b end
while true do pcall(function() return setmetatable({}, mt) == setmetatable({}, mt) end) end
