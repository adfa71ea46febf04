-- A hexadecimal numeral of 10 million digits, and as many blanks around it
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep(" ", 5000000) .. "0x" .. string.rep("f", 10000000) .. "." .. string.rep("0", 5000000)
while true do tonumber(s) math.tointeger(s) end
