-- Debug library or any piece of it.
-- expect: ok
local d = debug or (package and package.loaded and package.loaded.debug) or (require and select(2, pcall(require, "debug")))
if type(d) == "table" then
  if d.getregistry then return "ESCAPED: debug.getregistry" end
  return "ESCAPED: debug library reachable"
end
return "HELD"
