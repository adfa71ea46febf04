-- Non-tail recursion to the stack limit, caught, repeated (Lua stack of 1e6 slots grown and shrunk).
-- expect: time_limit
local function f(n) return 1 + f(n + 1) end
while true do pcall(f, 1) end
