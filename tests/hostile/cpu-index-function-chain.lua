-- __index functions that index the next one, until the C stack is used up, forever
-- expect: time_limit
local t = {}
for i = 1, 400 do local next = t t = setmetatable({}, {__index = function(_, k) return next[k] end}) end
while true do pcall(function() return t.x end) end
