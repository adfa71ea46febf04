-- Turn the collector off, or make it generational, for everybody who comes after
-- expect: ok
for _, option in ipairs{"stop", "generational", "incremental", "setpause", "setstepmul", "restart"} do
  local ok = pcall(collectgarbage, option, 1)
  if ok then return "ESCAPED: collectgarbage '" .. option .. "' is there" end
end
--@NEXT-TENANT
if collectgarbage("isrunning") == false then return "ESCAPED: the collector is off for the next tenant" end
return "HELD"
