-- levels: none restricted strict(setmetatable,error)
-- A line is written when it is whole; lua(1) writes each value at once.
local check = require "check"

local function failing() return setmetatable({}, {__tostring = function() error("no text", 0) end}) end
check.is("a line that breaks off", pcall(print, "written: by Lua alone", failing()))
local nested = setmetatable({}, {__tostring = function() print("inner: 1") return "from the inner one" end})
print("outer: ", nested)
