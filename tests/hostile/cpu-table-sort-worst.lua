-- Quicksort on an order that is made up while it sorts (McIlroy 1999): quadratic comparisons
-- expect: time_limit
local n, solid, candidate = 100000, 0, 0
local value, t = {}, {}
for i = 1, n do value[i] = n t[i] = i end
table.sort(t, function(a, b)
  if value[a] == n and value[b] == n then
    local x = a == candidate and a or b
    value[x] = solid solid = solid + 1
  end
  if value[a] == n then candidate = a elseif value[b] == n then candidate = b end
  return value[a] < value[b]
end)
while true do end
