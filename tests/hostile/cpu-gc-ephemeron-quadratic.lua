-- Ephemeron table whose entries chain key->value in random order: quadratic convergence in the atomic (uninterruptible) GC phase; no collectgarbage needed.
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local N = 60000
local keys = {}
for i = 1, N do keys[i] = {} end
-- random order of insertion => random node order
for i = N, 2, -1 do local j = math.random(i); keys[i], keys[j] = keys[j], keys[i] end
local e = setmetatable({}, {__mode = "k"})
for i = 1, N - 1 do e[keys[i]] = keys[i + 1] end
root = keys[1]
keys = nil
for i = 1, 1e9 do local t = {i} end      -- natural collections
