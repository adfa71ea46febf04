-- Calls with a million arguments, passed on and on
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local function f(...) return ... end
local t = {}
while true do pcall(function() local n = select("#", f(f(f(table.unpack(t, 1, 240000))))) end) end
