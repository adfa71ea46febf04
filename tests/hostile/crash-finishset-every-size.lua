-- The same with tables of every size: each frees a block of another class twice, and goes on allocating
-- expect: ok|memory_limit|runtime_error|vm_fault|time_limit
-- defect: finishset-weak-mt-uaf
-- time: 3000 ms
-- sanitizer: no (Lua copies a block that it has freed onto one that overlaps it: the sanitizer ends the process at memcpy)
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local hog, n = {}, 0
pcall(function() while true do n = n + 1 hog[n] = {n} end end)
for i = 1, 6000 do hog[n] = nil n = n - 1 end
for round = 1, 400 do
  pcall(function()
    local h, size = {}, 1 << (round % 14)
    for k = 1, size do if round % 2 == 0 then h[k] = k else h["k" .. k] = k end end
    local mt = setmetatable({__newindex = h}, {__mode = "v"})
    local o = setmetatable({}, mt)
    h = nil
    for k = 1, 3 * size do o[round % 2 == 0 and size + k or "l" .. k] = {} end
  end)
end
return "HELD"
