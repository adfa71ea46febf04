-- tostring of floats: snprintf all the time
-- expect: time_limit
local x = 0.1
while true do x = x * 1.0000001 tostring(x) local _ = x .. "" end
