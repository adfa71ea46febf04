-- Decimal numerals just short enough for strtod (200 bytes): libc all the time
-- expect: time_limit
local s = "0." .. string.rep("9", 190) .. "e-300"
local n = 0
while true do n = n + tonumber(s) + s end
