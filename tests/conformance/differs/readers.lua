-- levels: restricted strict(error,xpcall)
-- A reader's pieces are joined before they are parsed: it is called to its end also where the text is wrong early.
local check = require "check"

local calls = 0
local f, message = load(function()
    calls = calls + 1
    return calls <= 10 and "x x " or nil
end, "=chunk")
check.is("calls", calls)
check.is("the message is Lua's", f, message)
local f, message = load(function() error("raised while reading", 0) end)
check.is("an error is Lua's", f, message)
local heard = 0
xpcall(function() return load(function() error("raised while reading", 0) end) end, function() heard = heard + 1 end)
check.is("message handlers hear of it", heard)
