-- Closing value of a generic for loops when the loop is killed.
-- expect: time_limit
local c = setmetatable({}, {__close = function() while true do end end})
for _ in function() return 1 end, nil, nil, c do end
