-- What a tenant makes of require's tables is its own
-- expect: ok
local s = require("string")
for k in pairs(s) do s[k] = nil end
require = function() return "PWNED" end
--@NEXT-TENANT
if require("string") ~= string or string.format("%d", 1) ~= "1" then return "ESCAPED: require is poisoned" end
return "HELD"
