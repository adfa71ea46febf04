-- T() where getmetatable(t).__call == t: 5.4 inserts one stack slot per hop until 1e6 slots, O(n^2) moves = ~200 s in ONE VM instruction (5.5 limits the chain).
-- expect: time_limit|memory_limit
-- hook: no (one VM instruction that takes minutes)
local mt = {}
local t = setmetatable({}, mt)
mt.__call = t
t()
