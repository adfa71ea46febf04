-- __unm, __bnot and __len loops below arithmetic of strings
-- expect: time_limit
local mt = {}
mt.__unm = function(a) return #a end
mt.__len = function(a) return ~a end
mt.__bnot = function(a) return a + "1" end
mt.__add = function(a, b) return -a end
local o = setmetatable({}, mt)
while true do pcall(function() return -o end) end
