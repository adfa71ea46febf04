-- Coroutines that resume themselves, their caller and one another
-- expect: time_limit
local list = {}
for i = 1, 50 do
  list[i] = coroutine.create(function()
    while true do for k = 1, 50 do coroutine.resume(list[k]) end coroutine.resume(coroutine.running()) coroutine.yield() end
  end)
end
while true do for i = 1, 50 do coroutine.resume(list[i]) end end
