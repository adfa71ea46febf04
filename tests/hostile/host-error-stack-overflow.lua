-- Stack overflow, uncaught, in a coroutine in a metamethod in a handler
-- expect: runtime_error|memory_limit
-- time: 5000 ms
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local function f() return f() + 1 end
local o = setmetatable({}, {__index = function() return coroutine.wrap(f)() end})
xpcall(function() return o.x end, function(e) return o.y end)
f()
