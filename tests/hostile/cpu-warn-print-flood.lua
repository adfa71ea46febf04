-- Flood the host log through print and warn.
-- expect: time_limit
if warn then warn("@on") end
local s = string.rep("A", 100000)
while true do print(s) if warn then warn(s) end end
