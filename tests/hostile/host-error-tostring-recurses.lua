-- The uncaught error's __tostring calls itself, and everything else about it loops
-- expect: runtime_error
error(setmetatable({}, {__tostring = function(s) return tostring(s) end, __name = "x", __index = function() while true do end end,
  __close = function() while true do end end, __concat = function() while true do end end, __len = function() while true do end end}))
