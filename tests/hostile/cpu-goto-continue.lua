-- A loop of forward and backward gotos out of blocks with closures to close
-- expect: time_limit
local t = {}
::top::
do
  local x <close> = setmetatable({}, {__close = function() end})
  local y = function() return x end
  t[1] = y
  goto top
end
