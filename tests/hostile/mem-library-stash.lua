-- Hide 20 MB in shared library tables / string metatable so the next tenant pays for it. Two-tenant file.
-- expect: ok
-- time: 5000 ms
local s = string.rep("x", 20000000)
for _, lib in ipairs{string, table, math, utf8, coroutine} do pcall(rawset, lib, "_stash", s .. tostring(lib)) s = nil s = "y" end
local mt = getmetatable("")
if type(mt) == "table" then mt._stash = string.rep("z", 1000000) end
--@NEXT-TENANT
for _, lib in ipairs{string, table, math, utf8, coroutine} do if rawget(lib, "_stash") then return "ESCAPED: stash seen in a library table" end end
local mt = getmetatable("")
if type(mt) == "table" and rawget(mt, "_stash") then return "ESCAPED: stash in string metatable" end
return "HELD"
