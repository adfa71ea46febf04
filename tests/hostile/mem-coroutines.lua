-- Many suspended coroutines.
-- expect: memory_limit
-- time: 5000 ms
local t = {} for i = 1, 1e12 do local c = coroutine.wrap(function() coroutine.yield() end) c() t[i] = c end
