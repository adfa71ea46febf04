-- Yield 200000 values at top level / from a wrapped function.
-- expect: runtime_error
-- time: 5000 ms
local t = {} for i = 1, 200000 do t[i] = i end coroutine.yield(table.unpack(t))
