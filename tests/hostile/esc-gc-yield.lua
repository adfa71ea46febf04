-- Yield / wrap inside a finalizer.
-- expect: ok
-- time: 5000 ms
pcall(function() setmetatable({}, {__gc = function() pcall(coroutine.yield, 1) coroutine.wrap(function() coroutine.yield(1) end)() end}) end)
for i = 1, 300000 do local t = {i} end
return "HELD"
