-- A buffer of luaL_Buffer that grows on the stack, boxed, while memory ends: concat, format, pack, upper
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("x", 9000000)
pcall(string.upper, s) pcall(string.format, "%s%s%s", s, s, s) pcall(table.concat, {s, s, s}) pcall(string.pack, "s4s4s4", s, s, s)
pcall(string.reverse, s .. s)
local t = {} for i = 1, 100 do t[i] = s end
return #table.concat(t, s)
