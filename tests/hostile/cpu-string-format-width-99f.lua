-- Only %99.99f of the largest number: the slowest conversion that libc has
-- expect: time_limit
local format = string.format
while true do format("%99.99f", 1.7976931348623157e308) end
