-- Coroutines that die, with tracebacks of 100 levels each
-- expect: time_limit
local function deep(n) if n == 0 then error("x") end deep(n - 1) return n end
while true do pcall(coroutine.wrap(function() deep(100) end)) end
