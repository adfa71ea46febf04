-- string.pack with a format of a million items
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local f = string.rep("!8Xi8", 200000)
while true do pcall(string.packsize, f) pcall(string.pack, string.rep("b", 200), 1) end
