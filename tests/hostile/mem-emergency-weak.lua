-- Collections at the limit while weak tables, coroutines and strings are half built
-- expect: memory_limit
-- time: 5000 ms
local hog, weak = {}, setmetatable({}, {__mode = "kv"})
local n = 0
pcall(function() while true do n = n + 1 hog[n] = string.rep("x", 10000) .. n end end)
for i = 1, 2000 do
  pcall(function() weak[{}] = coroutine.wrap(function() weak[i] = {} coroutine.yield() end) weak[i] = {weak} return load("return " .. i .. ".5 .. 'x'")() .. string.rep("y", 20000) end)
  if i % 100 == 0 then hog[i] = nil end
end
for i = 1, 1e9 do hog[i] = {} end
