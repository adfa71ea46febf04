-- Read host secrets from the environment.
-- expect: ok
local ok, v = pcall(function() return os.getenv("PATH") end)
if ok and v then return "ESCAPED: " .. v end
return "HELD"
