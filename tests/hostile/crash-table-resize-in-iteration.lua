-- Tables changed in every way while next, sort, move, concat, unpack and ipairs are in them
-- expect: ok
-- time: 5000 ms
local function fresh() local t = {} for i = 1, 500 do t[i] = i t["k" .. i] = i end return t end
for round = 1, 20 do
  local t = fresh()
  pcall(table.sort, t, function(a, b) for i = 1, 50 do t[math.random(2000)] = math.random(2) == 1 and i or nil end return a < b end)
  t = fresh() pcall(function() for k in pairs(t) do t[k] = nil t[{}] = 1 end end)
  local p p = setmetatable({}, {__index = function(_, i) t[i + 1000] = i return t[i] end, __len = function() return 500 end, __newindex = function(_, k, v) t[k] = v end})
  t = fresh() pcall(table.move, p, 1, 500, 2) pcall(table.concat, p) pcall(table.unpack, p) pcall(table.insert, p, 1, 2) pcall(table.sort, p)
end
return "HELD"
