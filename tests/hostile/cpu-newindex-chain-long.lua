-- __newindex from table to table, 2,000 hops for every write
-- expect: time_limit
local t = setmetatable({}, {__newindex = rawequal})
for i = 1, 1980 do t = setmetatable({}, {__newindex = t}) end
while true do t.x = 1 end
