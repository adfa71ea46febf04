-- __len that loops forever when the host asks for the length (outside the limits).
-- expect: ok
return setmetatable({}, {__len = function() while true do end end})
