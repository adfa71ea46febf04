-- The Lua stack itself is what does not fit: deep recursion with wide frames in many coroutines
-- expect: memory_limit
-- time: 5000 ms
local keep = {}
local function deep(n, ...) if n > 0 then return deep(n - 1, 1, 2, 3, ...), 1 end coroutine.yield() end
for i = 1, 1e9 do local co = coroutine.create(deep) coroutine.resume(co, 180) keep[i] = co end
