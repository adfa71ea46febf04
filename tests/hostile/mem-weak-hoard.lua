-- Memory hidden behind weak keys that live through one another: each collection is quadratic
-- expect: time_limit
-- time: 700 ms
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local k = setmetatable({}, {__mode = "k"})
local o = {}
first = o
for i = 1, 1e9 do local n = {} k[o] = n o = n end
