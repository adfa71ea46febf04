-- string.byte of as many values as the stack takes, and string.char of them
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep("x", 900000)
while true do pcall(function() return #string.char(s:byte(1, -1)) end) end
