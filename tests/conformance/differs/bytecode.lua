-- levels: restricted strict(table.remove)
-- Bytecode is refused whatever the mode.
local check = require "check"

for _, mode in ipairs {"b", "bt", "t"} do
    check.call("mode " .. mode, load, "\27Lua", "=chunk", mode)
end
check.call("by default", load, "\27Lua")
check.call("from a reader", load, (function() local pieces = {"\27", "Lua"}; return function() return table.remove(pieces, 1) end end)())
