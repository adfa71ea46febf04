-- Functions removed from the global string table but still reachable as methods.
-- expect: ok
local s = ""
local lib = string or {}
for _, k in ipairs{"dump", "rep", "format", "gsub", "pack"} do
  local viam = s[k]
  if viam ~= nil and viam ~= lib[k] then return "ESCAPED: s." .. k .. " reachable although string." .. k .. " is filtered" end
end
if s.dump then return "ESCAPED: string.dump reachable" end
return "HELD"
