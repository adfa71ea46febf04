-- A chain of wrapped coroutines that die, each of whose __close resumes the next: closing starts the count of nested C calls anew (to 5.4.4)
-- expect: ok|runtime_error
-- defect: coroutine-close-chain
-- time: 5000 ms
local previous = false
local list = {}
for i = 1, 25000 do
  local p = previous
  local co = coroutine.wrap(function()
    local x <close> = setmetatable({}, {__close = function() if p then p() end end})
    coroutine.yield()
    error("dies")
  end)
  co()
  previous = co
end
pcall(previous)
return "HELD"
