-- Leave something in every place that outlives a chunk: globals, upvalues, coroutines, weak tables, string methods
-- expect: ok
g = {} for i = 1, 1000 do g["k" .. i] = coroutine.wrap(function() coroutine.yield(i) end) g["k" .. i]() end
string.leak = g table.leak = g coroutine.leak = g
local old = string.format
string.format = function(...) g.stolen = {...} return old(...) end
debug = g io = g package = g
--@NEXT-TENANT
for _, k in ipairs{"g", "debug", "io", "package"} do if rawget(_G, k) ~= nil then return "ESCAPED: the global " .. k .. " is there" end end
for k, lib in pairs(_G) do if type(lib) == "table" and rawget(lib, "leak") then return "ESCAPED: in " .. k end end
if ("x").leak then return "ESCAPED: a string method is left" end
return string.format("%s", "HELD")
