-- An assignment through __newindex to a table that only a weak metatable holds, while memory ends (5.4.6 and 5.4.7)
-- expect: ok|memory_limit|runtime_error|vm_fault|time_limit
-- defect: finishset-weak-mt-uaf
-- time: 2000 ms
-- sanitizer: no (Lua copies a block that it has freed onto one that overlaps it: the sanitizer ends the process at memcpy)
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local hog, n = {}, 0
pcall(function() while true do n = n + 1 hog[n] = {n} end end)
for i = 1, 4000 do hog[n] = nil n = n - 1 end
for round = 1, 50 do
  pcall(function()
    local mt = setmetatable({__newindex = {}}, {__mode = "v"})
    local o = setmetatable({}, mt)
    for k = 1, 100000 do o[k] = {} o["k" .. k] = k end
  end)
end
return "HELD"
