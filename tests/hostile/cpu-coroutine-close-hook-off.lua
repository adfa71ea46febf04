-- Hook kills a coroutine; its allowhook stays 0 (no pcall restored it), so the __close handlers run by coroutine.wrap / coroutine.close on the dead thread are hook-free.
-- expect: time_limit
local mt = {__close = function() while true do end end}
coroutine.wrap(function()
  local x <close> = setmetatable({}, mt)
  while true do end
end)()
