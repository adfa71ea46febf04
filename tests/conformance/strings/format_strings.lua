-- levels: none restricted strict(error,setmetatable,string.match,string.rep)
local check = require "check"

check.is("texts", string.format("%s", "x"), string.format("%5s|%-5s|%.2s|%5.1s|", "abc", "abc", "abc", "abc"), string.format("%s", ""), string.format("%10s|", ("x"):rep(12)))
check.is("zeros in it", string.format("%s", "a\0b"), #string.format("a\0%s\0b", "x"), pcall(string.format, "%5s", "a\0b"))
check.is("long ones", #string.format("%s", ("x"):rep(1000)), #string.format("%.99s", ("x"):rep(1000)), #string.format("%s%s", ("x"):rep(5000), ("y"):rep(5000)), #string.format("%99s", "x"), #string.format("%99s", ("x"):rep(200)))
check.is("other types", string.format("%s %s %s %s %s", nil, true, 1, 1.5, -0.0), string.format("%5s|%-6s|", nil, false), string.format("%.3s", true))
check.is("__tostring", string.format("%s|%10s|%.2s", setmetatable({}, {__tostring = function() return "shown" end}), setmetatable({}, {__tostring = function() return "wide" end}), setmetatable({}, {__tostring = function() return "cut" end})))
check.is("__name", (string.format("%s", setmetatable({}, {__name = "Named"})):match("^Named: ")))
local calls = 0
local counted = setmetatable({}, {__tostring = function() calls = calls + 1; return "c" .. calls end})
check.is("__tostring once for each", string.format("%s %s", counted, counted), calls)
check.is("not for arguments without a place", string.format("none", counted), string.format("%d", 5, counted), string.format("%%", counted), calls)
check.call("an error in __tostring", string.format, "%s", setmetatable({}, {__tostring = function() error("no", 0) end}))
check.call("__tostring that gives no text", string.format, "%s", setmetatable({}, {__tostring = function() return {} end}))
check.is("__tostring that gives a number", string.format("%s", setmetatable({}, {__tostring = function() return 7 end})))
check.call("a table with __tostring for a number", string.format, "%d", setmetatable({}, {__tostring = function() return "5" end}))
check.call("a table with __tostring for a float", string.format, "%f", setmetatable({}, {__tostring = function() return "5" end}))
check.call("a table with __tostring to be quoted", string.format, "%q", setmetatable({}, {__tostring = function() return "5" end}))
check.call("a table for a character", string.format, "%c", setmetatable({}, {__tostring = function() return "65" end}))
check.call("a table with a name for a number", string.format, "%d", setmetatable({}, {__name = "Named"}))
check.is("percent signs", string.format("%%"), string.format("100%% of %s%%", "it"), string.format("%%d", 5))
check.is("many", string.format(("%d,"):rep(100), table.unpack((function() local t = {} for i = 1, 100 do t[i] = i end return t end)())))
check.each {
    "('%'):format()", "('%y'):format(1)", "('%5'):format(1)", "('%s'):format()", "('%s %s'):format(1)", "('%100d'):format(1)", "('%.100f'):format(1)", "('%1000s'):format('x')", "('%---------d'):format(1)", "('%-+ #0d'):format(1)", "('%#d'):format(1)", "('%0s'):format('x')", "('%+s'):format('x')", "('% s'):format('x')", "('%#s'):format('x')", "('%.3c'):format(65)", "('%0c'):format(65)", "('%5%'):format()", "('%ld'):format(1)", "('%hd'):format(1)", "('%n'):format(1)", "('%*d'):format(5, 1)", "('%1$d'):format(1)", "('%D'):format(1)", "('%-05d'):format(1)", "('%.d'):format(0)", "('%5.d'):format(7)", "('%.s'):format('abc')", "('%é'):format(1)", "('%\\0'):format(1)", "('% '):format(1)", "('%.'):format(1)", "('%10'):format(1)", "('%s', 5):format(1)", "('%s'):format({}, nil) ~= nil", "('x'):format()", "(''):format(1, 2)",
}
check.call("one without a value, by a call", function() return string.format("%d %d", 1) end)
check.call("a wrong one, by a method", function() return ("%d"):format("x") end)
check.call("a wrong second, by a method", function() return ("%d %d"):format(1, "x") end)
check.call("an unknown one, on its line", function()
    local x = 1
    return ("%z"):format(x)
end)
local format = string.format
check.call("by another name", function() return format("%d", "x") end)
check.call("as a field", function() local t = {f = string.format}; return t.f("%d", "x") end)
check.call("by pcall", pcall, string.format, "%d", "x")
