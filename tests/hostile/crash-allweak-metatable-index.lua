-- The same, and the freed metatable's __index and __newindex are used as functions
-- expect: ok|memory_limit
-- defect: allweak-metatable-uaf
-- time: 10000 ms
local ballast = {}
for i = 1, 150000 do ballast[i] = {} end
local all = {}
for i = 1, 1000 do all[i] = setmetatable({}, {__mode = "kv"}) end
local sum = 0
for round = 1, 100 do
  for i = 1, #all do
    setmetatable(all[i], {__mode = "kv", __index = function(t, k) return k .. i end, __newindex = function(t, k, v) sum = sum + 1 end})
    local g = string.rep("AAAAAAAA", i % 20 + 1) .. i
  end
  for i = 1, #all do
    local v = all[i].x
    all[i].y = {}
    if v ~= "x" .. i then error("WRONG: " .. tostring(v)) end
  end
end
return "HELD"
