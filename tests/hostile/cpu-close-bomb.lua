-- Each __close opens two more to-be-closed variables and fails: 2^180 handlers run during unwinding.
-- expect: time_limit
local mt = {}
local function f(d)
  local a <close> = setmetatable({d = d}, mt)
  local b <close> = setmetatable({d = d}, mt)
  error("x")
end
mt.__close = function(o) if o.d > 0 then f(o.d - 1) end end
f(180)
