-- Coroutine.close swallows the timeout raised in __close and reports it as a value.
-- expect: time_limit
local mt = {__close = function() while true do end end}
while true do
  local co = coroutine.create(function() local x <close> = setmetatable({}, mt); coroutine.yield() end)
  coroutine.resume(co)
  coroutine.close(co)
end
