-- __pairs gives an iterator that never ends, and one that is a coroutine
-- expect: time_limit
local t = setmetatable({}, {__pairs = function() return coroutine.wrap(function() while true do coroutine.yield(1) end end) end})
for _ in pairs(t) do end
