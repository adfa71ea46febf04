-- __index that loops / errors when the host reads a field.
-- expect: ok
return setmetatable({}, {__index = function() while true do end end, __eq = function() while true do end end, __lt = function() error("x") end, __name = "int"})
