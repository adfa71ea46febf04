-- The same with coroutine.close inside __close inside wrap inside __close
-- expect: ok|runtime_error
-- defect: coroutine-close-chain
-- time: 5000 ms
local previous = false
for i = 1, 20000 do
  local p = previous
  local co = coroutine.create(function()
    local x <close> = setmetatable({}, {__close = function() if p then if i % 2 == 0 then coroutine.close(p) else coroutine.wrap(function() coroutine.close(p) end)() end end end})
    coroutine.yield()
  end)
  coroutine.resume(co)
  previous = co
end
pcall(coroutine.close, previous)
return "HELD"
