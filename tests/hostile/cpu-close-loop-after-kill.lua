-- The kill unwinds through __close handlers that loop again, 190 of them, inside pcall.
-- expect: time_limit
local mt = {__close = function() while true do end end}
local function f()
  local a <close> = setmetatable({}, mt); local b <close> = setmetatable({}, mt); local c <close> = setmetatable({}, mt)
  while true do end
end
while true do pcall(f) end
