-- Coroutines with a loop in __close, left behind suspended, closed by wrap's error path
-- expect: time_limit
local mt = {__close = function() while true do end end}
local f = coroutine.wrap(function() local x <close> = setmetatable({}, mt) error("x") end)
pcall(f)
return "ESCAPED: the loop in __close was left"
