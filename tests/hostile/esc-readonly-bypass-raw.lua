-- A tenant's library tables are its own and writable: everything it leaves in them must be gone for the next
-- expect: ok
for _, lib in ipairs{string, table, math, utf8, coroutine, os} do
  lib.zzz = 1
  rawset(lib, "yyy", 2)
  lib[1] = "x"
  pcall(setmetatable, lib, {__index = function() return 1 end, __metatable = false})
end
setmetatable(_G, {__index = function(_, k) return k end, __newindex = function() end, __metatable = "locked"})
--@NEXT-TENANT
for _, lib in ipairs{string, table, math, utf8, coroutine, os} do
  if lib.zzz or rawget(lib, "yyy") or lib[1] or getmetatable(lib) then return "ESCAPED: a library table is written to" end
end
if getmetatable(_G) or undefined then return "ESCAPED: the globals have a metatable" end
return "HELD"
