-- An error 190,000 levels deep, with names of every kind on the way
-- expect: runtime_error
-- time: 5000 ms
local function f(n) if n == 0 then error("deep") end return 1 + f(n - 1) end
f(190000)
