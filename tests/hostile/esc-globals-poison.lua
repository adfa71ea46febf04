-- Overwrite basic functions in _G for the next tenant / for the host's own Lua. Two-tenant file.
-- expect: ok
for _, k in ipairs{"pcall", "error", "type", "tostring", "assert", "select", "next", "pairs", "ipairs", "print", "setmetatable", "load"} do
  pcall(function() _G[k] = function(...) return "PWNED", ... end end)
  pcall(rawset, _G, k, function(...) return "PWNED", ... end)
end
poisoned = true
--@NEXT-TENANT
if rawget and poisoned then return "ESCAPED: previous tenant's globals visible" end
if type == nil or type(1) ~= "number" or tostring(1) ~= "1" then return "ESCAPED: base functions poisoned" end
return "HELD"
