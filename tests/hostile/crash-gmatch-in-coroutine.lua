-- The same with the iterator as a coroutine's body, as a comparator, as a gsub callback, and after a memory error
-- expect: ok
-- defect: gmatch-matchdepth
-- time: 5000 ms
local function broken() local it = string.gmatch(string.rep("a", 1000000), string.rep("a?", 500000)) pcall(it) return it end
pcall(coroutine.wrap(broken()))
pcall(table.sort, {3, 2, 1}, broken())
pcall(string.gsub, "abc", ".", broken())
pcall(function() return setmetatable({}, {__index = broken()}).x end)
local it = broken()
for i = 1, 3 do coroutine.resume(coroutine.create(it)) end
return "HELD"
