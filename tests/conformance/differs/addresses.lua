-- levels: strict(setmetatable,coroutine.create,string.match)
-- No address reaches a script.
local check = require "check"

for _, value in ipairs {{}, print, function() end, coroutine.create(print), setmetatable({}, {__name = "Named"})} do
    local kind = tostring(value):match("^%a+") .. " " .. _
    check.is(kind, tostring(value):gsub("0x%x+", "0x..."):gsub("builtin.*", "0x..."))
    check.is(kind .. " formatted", ("%s %20s|%.3s"):format(value, value, value):gsub("0x%x+", "0x..."))
end
check.call("%p", function() return (("%p"):format({}):gsub("0x%x+", "0x...")) end)
check.call("%p of a number", function() return ("%p"):format(5) end)
