-- An error that comes up through 180 coroutines
-- expect: runtime_error
-- time: 5000 ms
local function f(n) if n == 0 then error("deep") end return coroutine.wrap(f)(n - 1) end
f(180)
