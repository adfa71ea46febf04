-- resume inside a gsub callback inside a coroutine inside a sort inside a coroutine
-- expect: time_limit
local function f(n)
  if n == 0 then return end
  string.gsub("abc", ".", function() coroutine.wrap(function() table.sort({3, 2, 1}, function(a, b) f(n - 1) return a < b end) end)() end)
end
f(30)
