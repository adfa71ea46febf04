-- Insertion at the front of a long real table
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local t = table.pack(string.byte(string.rep("x", 500000), 1, -1))
while true do table.insert(t, 1, 0) table.remove(t, 1) end
