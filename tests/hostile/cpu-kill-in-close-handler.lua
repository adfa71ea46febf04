-- The loop is caught by a __close handler that goes on
-- expect: time_limit
local function f()
  local x <close> = setmetatable({}, {__close = function() escaped = true while true do end end})
  while true do end
end
pcall(f)
return "ESCAPED"
