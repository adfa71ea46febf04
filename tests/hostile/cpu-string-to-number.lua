-- Arithmetic on a 20 MB numeral string.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep("1", 20000000)
while true do local n = tonumber(s); n = pcall(function() return s + 1 end) end
