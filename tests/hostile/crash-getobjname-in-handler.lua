-- The same below pcall, xpcall and in coroutines, where the message is made for nobody
-- expect: ok|runtime_error|time_limit
-- defect: getobjname-recursion
local t = {}
t.a = t
local f = load("local t = ... return t" .. string.rep(".a", 4000) .. ".b.c")
for i = 1, 5 do pcall(f, t) xpcall(f, function(e) return e end, t) coroutine.resume(coroutine.create(f), t) end
return "HELD"
