-- utf8.offset from one end of a long string to the other, in the middle of C
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep("\u{20AC}", 5000000)
while true do utf8.offset(s, 4999999) utf8.offset(s, -4999999) end
