-- string.unpack of a long format: fails when the stack is full, after a million steps
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local f, s = string.rep("<i1>i1=i1", 300000), string.rep("\1", 1000000)
while true do pcall(string.unpack, f, s) end
