-- warn in 200,000 pieces
-- expect: time_limit
local t = {}
for i = 1, 200000 do t[i] = "x" end
while true do pcall(warn, table.unpack(t)) end
