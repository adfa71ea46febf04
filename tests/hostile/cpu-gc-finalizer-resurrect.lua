-- Each finalizer makes a new object with the same finalizer (endless at collection time).
-- expect: runtime_error
local mt = {}
mt.__gc = function(o) for i = 1, 100000 do setmetatable({}, mt) end end
for i = 1, 10 do setmetatable({}, mt) end
for i = 1, 100000 do local t = {i} end
