-- The registry through require, coroutines, upvalues of library functions
-- expect: ok
for _, name in ipairs{"_LOADED", "_PRELOAD", "_CLIBS", "FILE*", "LUA_NOREF", 1, 2, 0} do
  local ok, v = pcall(require, name)
  if ok then return "ESCAPED: require gives " .. tostring(name) end
end
if pcall(string.gmatch("a", "a"), nil) and type((string.gmatch("a", "a"))()) ~= "string" then return "ESCAPED" end
return "HELD"
