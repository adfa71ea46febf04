-- tonumber of a long numeral in every base: a C loop of its own
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep("z", 10000000)
while true do for base = 2, 36 do tonumber(s, base) end end
