-- Each coroutine holds a 200000-slot Lua stack.
-- expect: memory_limit
-- time: 5000 ms
local t = {}
local function deep(n) if n == 0 then coroutine.yield() else return 1 + deep(n - 1) end end
for i = 1, 1e9 do local c = coroutine.wrap(deep) c(30000) t[i] = c end
