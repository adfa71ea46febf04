-- __gc added to the metatable AFTER setmetatable, then metatable set again (filters that look only once).
-- expect: runtime_error
local mt = {}
local o = setmetatable({}, mt)
mt.__gc = function() while true do end end
setmetatable(o, mt); o = nil
for i = 1, 1000000 do local t = {i} end
return "survived"
