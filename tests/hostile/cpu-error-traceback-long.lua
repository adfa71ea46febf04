-- Errors with messages of a megabyte, positions added at each level
-- expect: time_limit
local s = string.rep("x", 1000000)
local function f(n) local ok, e = pcall(function() if n == 0 then error(s, 1) end return f(n - 1) end) error(e, 2) end
while true do pcall(f, 20) end
