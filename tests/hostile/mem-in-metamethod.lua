-- Run out of memory below __index, __concat, __newindex, __close and __call
-- expect: memory_limit
-- time: 5000 ms
local keep = {}
local function fill() for i = #keep + 1, 1e9 do keep[i] = {i} end end
local o = setmetatable({}, {__index = fill, __newindex = fill, __concat = fill, __call = fill, __close = fill, __eq = fill, __len = fill})
pcall(function() return o.x end) pcall(function() o.x = 1 end) pcall(function() return o .. 1 end) pcall(o)
pcall(function() local x <close> = o end) pcall(function() return #o end)
return o.x
