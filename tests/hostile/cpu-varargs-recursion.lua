-- A vararg function that calls itself with one argument more each time: the stack copied at every level
-- expect: time_limit
local function f(...) return f(1, ...) end
local function g(...) g(1, ...) end
while true do pcall(f) pcall(g) end
