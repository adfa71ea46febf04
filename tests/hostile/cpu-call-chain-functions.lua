-- __call that is a table with __call, 100 deep, in a loop
-- expect: time_limit
local f = function() return 1 end
for i = 1, 100 do f = setmetatable({}, {__call = f}) end
while true do f() end
