-- Finalizer starts a coroutine; does the inner thread have hooks enabled? Endless loop either way.
-- expect: runtime_error
setmetatable({}, {__gc = function() coroutine.wrap(function() while true do end end)() end})
for i = 1, 1000000 do local t = {i} end
return "survived"
