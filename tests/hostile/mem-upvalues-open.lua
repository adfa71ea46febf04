-- Closures whose upvalues stay open in suspended coroutines
-- expect: memory_limit
-- time: 5000 ms
local keep = {}
for i = 1, 1e9 do
  local co = coroutine.wrap(function() local a, b, c = 1, 2, 3 coroutine.yield(function() return a + b + c end) end)
  keep[i] = {co, co()}
end
