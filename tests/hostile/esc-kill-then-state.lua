-- A killed run leaves globals half written, its coroutine running, its tables half grown
-- expect: time_limit
t = {}
setmetatable(_G, {__newindex = function() while true do end end})
coroutine.wrap(function() table.sort(table.pack(string.byte(string.rep("x", 50000), 1, -1)), function(a, b) t[#t + 1] = a x = 1 return true end) end)()
--@NEXT-TENANT
if t or x or getmetatable(_G) then return "ESCAPED: something is left" end
local n = 0
for i = 1, 1000 do n = n + i end
return n == 500500 and "HELD" or "ESCAPED: wrong sum"
