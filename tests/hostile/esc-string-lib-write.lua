-- Replace string.format etc. for the next tenant. Two-tenant file.
-- expect: ok
pcall(function() string.format = function() return "PWNED" end end)
pcall(rawset, string, "len", function() return 0 end)
pcall(rawset, table, "concat", function() return "PWNED" end)
pcall(rawset, math, "floor", function() return 666 end)
pcall(function() table.insert(math, "x") end)
pcall(table.move, {print}, 1, 1, 1, string)
--@NEXT-TENANT
if string.format("%d", 1) ~= "1" or string.len("abc") ~= 3 or table.concat({"a"}) ~= "a" or math.floor(1.5) ~= 1 then return "ESCAPED: library poisoned for next tenant" end
if math[1] or string[1] then return "ESCAPED: library table written" end
return "HELD"
