-- __gc runs while the host closes the state and calls captured functions of a dead tenant.
-- expect: ok
local ok = pcall(setmetatable, {}, {__gc = function() end})
if ok then
  local p, g = print, _G
  local mt = {} mt.__gc = function() for k, v in next, g do if type(v) == "function" then pcall(v) end end end
  kept = setmetatable({}, mt)
  return "ESCAPED: __gc accepted"
end
return "HELD"
