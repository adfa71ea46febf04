-- Error object whose metamethods fail while being reported.
-- expect: time_limit
local mt = {}
mt.__tostring = function(e) error(e) end
mt.__concat = function(a, b) error(setmetatable({}, mt)) end
while true do pcall(error, setmetatable({}, mt)) pcall(tostring, setmetatable({}, mt)) end
