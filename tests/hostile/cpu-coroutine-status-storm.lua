-- status, isyieldable, running and close of everything
-- expect: time_limit
local cos = {}
for i = 1, 100 do cos[i] = coroutine.create(function() coroutine.yield() error("x") end) end
while true do
  for i = 1, 100 do
    local co = cos[i]
    coroutine.status(co) coroutine.isyieldable(co) coroutine.running() coroutine.resume(co) pcall(coroutine.close, co)
    cos[i] = coroutine.create(function() coroutine.yield() end)
  end
end
