-- levels: none restricted strict(string.gmatch)
-- An iterator that raised an error is at its end: called again, Lua's own can overflow the C stack.
local check = require "check"

local next_match = ("abc"):gmatch("%")
check.call("the error is Lua's", function() return next_match() end)
check.call("and then there is nothing more", function() return next_match() end)
