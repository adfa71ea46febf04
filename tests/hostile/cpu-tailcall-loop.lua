-- Endless tail calls (no stack growth).
-- expect: time_limit
local function f(n) return f(n + 1) end
return f(1)
