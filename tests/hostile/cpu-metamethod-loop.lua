-- Endless loop inside metamethods (__index/__eq/__lt/__concat/__len).
-- expect: time_limit
local mt = {}
mt.__index = function() while true do end end
mt.__eq = mt.__index; mt.__lt = mt.__index; mt.__len = mt.__index; mt.__concat = mt.__index
local a, b = setmetatable({}, mt), setmetatable({}, mt)
pcall(function() return a.x end) pcall(function() return a == b end) pcall(function() return a < b end)
pcall(function() return #a end) pcall(function() return a .. b end)
