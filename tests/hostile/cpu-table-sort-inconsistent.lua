-- Comparator that is not an order (always true / random): must give 'invalid order function' or finish, never run out of bounds.
-- expect: ok|time_limit
-- time: 5000 ms
local t = {}
for i = 1, 20000 do t[i] = i end
print(pcall(table.sort, t, function() return true end))
print(pcall(table.sort, t, function() return math.random(2) == 1 end))
print(pcall(table.sort, t, function(a, b) return a ~= b end))
print(pcall(table.sort, t, function(a, b) t[math.random(20000)] = nil; return (a or 0) < (b or 0) end))
return "HELD"
