-- __tostring that loops when the host prints the result.
-- expect: ok
return setmetatable({}, {__tostring = function() while true do end end})
