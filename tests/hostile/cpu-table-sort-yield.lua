-- Sorting in a coroutine whose comparator tries to yield, and resumes others
-- expect: time_limit
while true do
  coroutine.wrap(function()
    local t = {}
    for i = 1, 100 do t[i] = math.random(1000) end
    pcall(table.sort, t, function(a, b) coroutine.wrap(function() coroutine.yield() end)() return a < b end)
    pcall(table.sort, t, coroutine.yield)
  end)()
end
