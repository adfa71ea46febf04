-- Allocate inside __close while the memory error unwinds.
-- expect: memory_limit
-- time: 5000 ms
local hog = {}
local mt = {__close = function() local s = {} for i = 1, 1e12 do s[i] = {} end end}
local function f() local a <close> = setmetatable({}, mt); local b <close> = setmetatable({}, mt); for i = 1, 1e12 do hog[i] = {} end end
for i = 1, 3 do pcall(f) end
f()
