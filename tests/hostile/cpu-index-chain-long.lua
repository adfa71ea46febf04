-- __index from table to table, 2,000 hops for every read
-- expect: time_limit
local last = {}
local t = last
for i = 1, 1990 do t = setmetatable({}, {__index = t}) end
while true do local _ = t.x end
