-- levels: none
-- Functions that stand in for Lua's own have it as upvalue.
local check = require "check"

check.is("print", type(select(2, debug.getupvalue(print, 1))))
check.is("io.open", (debug.getupvalue(io.open, 1)), (debug.getupvalue(io.open, 2)))
