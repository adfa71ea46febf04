-- A numeral of a million digits in the source
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = "return " .. string.rep("9", 5000000)
while true do load(s) end
