-- Strings one byte longer each time: all is copying and hashing
-- expect: time_limit
local s = ""
while true do s = s .. "x" if #s > 100000 then s = "" end end
