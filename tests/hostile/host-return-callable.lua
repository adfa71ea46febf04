-- Callable table posing as a callback.
-- expect: ok
return setmetatable({}, {__call = function() while true do end end})
