-- levels: restricted strict(getmetatable,setmetatable)
-- The metatable of strings is locked: it is shared by all that runs in a context.
local check = require "check"

check.is("getmetatable", getmetatable(""))
check.call("changing it", function() getmetatable("").__index = nil end)
check.call("setmetatable", setmetatable, "", {})
