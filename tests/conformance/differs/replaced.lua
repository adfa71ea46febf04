-- levels: none
-- Functions that stand in for Lua's own have it as upvalue.
local check = require "check"

check.is("string.gmatch", debug.getupvalue(string.gmatch, 1) ~= nil)
check.is("io.open", (debug.getupvalue(io.open, 1)), (debug.getupvalue(io.open, 2)))
