-- %q of strings full of control characters and of floats
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = ("\0\1\n\r\"\\"):rep(100000)
while true do string.format("%q%q%q", s, 0.1, math.mininteger) end
