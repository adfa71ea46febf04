-- A loop in the iterator of a generic for, with a closing value that loops as well
-- expect: time_limit
local c = setmetatable({}, {__close = function() while true do end end})
while true do pcall(function() for _ in function() while true do end end, nil, nil, c do end end) end
