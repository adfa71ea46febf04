-- levels: none restricted strict(math.maxinteger,os.date,string.rep)
local check = require "check"

for _, format in ipairs {"%a", "%A", "%b", "%B", "%c", "%C", "%d", "%D", "%e", "%F", "%g", "%G", "%h", "%H", "%I", "%j", "%m", "%M", "%n", "%p", "%r", "%R", "%S", "%t", "%T", "%u", "%U", "%V", "%w", "%W", "%x", "%X", "%y", "%Y", "%z", "%Z", "%%", "%Ec", "%EC", "%Ex", "%EX", "%Ey", "%EY", "%Od", "%Oe", "%OH", "%OI", "%Om", "%OM", "%OS", "%Ou", "%OU", "%OV", "%Ow", "%OW", "%Oy", "%E", "%O", "%Q", "%Ea", "%Oa", "%", "%5d", "%é", "% ", "%s", "%k", "%i", "%L", "%EE"} do
    check.is("format " .. format, pcall(os.date, "!" .. format, 0), pcall(os.date, format, 1234567890), pcall(os.date, format, -86400 * 365))
end
check.is("utc", os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%c", 1e9), os.date("!%x %X %p", 951782400), os.date("!%j %U %w %W", 951782400))
check.is("the zone", os.date("%Y-%m-%d %H:%M:%S %Z", 0), os.date("%H:%M %Z", 1700000000), os.date("%H:%M %Z", 1690000000), os.date("%H:%M:%S", 1711846799), os.date("%H:%M:%S", 1711846800), os.date("%H:%M:%S", 1729990799), os.date("%H:%M:%S", 1729990800))
check.is("far away", os.date("!%Y", 1e11), os.date("!%Y-%m-%d", -62135596800), os.date("!%Y", 253402300800))
check.is("fractions and texts", os.date("!%S", 5.0), os.date("!%S", "7"), os.date("!%S", "0x10"))
check.is("text around it", os.date("!on %d.%m. at %H", 0), os.date("!", 0), os.date("!no conversion", 0), os.date("!%%d", 0), os.date("!a\0%Y\0b", 0))
check.is("long ones", #os.date("!" .. ("%Y"):rep(500), 0), #os.date("!" .. ("x"):rep(5000), 0), #os.date("!" .. ("%A "):rep(200), 0), os.date("!" .. ("%d"):rep(130), 0) == ("01"):rep(130), #os.date("!%%" .. ("%%"):rep(300), 0))
check.is("long ones with errors", {pcall(os.date, "!" .. ("%Y"):rep(300) .. "%Q", 0)}, pcall(os.date, "!" .. ("x"):rep(300) .. "%", 0))
check.is("as a table", os.date("!*t", 0), os.date("*t", 1690000000), os.date("*t", 1700000000).isdst, os.date("!*t", 951782400).yday)
check.is("the table's start is enough", {pcall(os.date, "!*t ", 0)}, {pcall(os.date, "*time", 0)}, os.date("!*t\0x", 0).year)
check.is("without arguments", #os.date() > 0, #os.date("%c") > 0, type(os.date("*t")), os.date("!*t").year > 2000)
check.each {"os.date('%d', 'x')", "os.date('%d', {})", "os.date('%d', 1.5)", "os.date({})", "os.date(5, 0)", "os.date('%d', 1e100)", "os.date('!%d', math.maxinteger)", "os.date('*t', math.maxinteger)", "os.date('*t', 1 << 60)", "os.date('!%Y', nil) ~= nil", "os.date(nil, nil) ~= nil", "os.date('%d', true)", "os.date('!%c', 0)", "os.date('%Ez', 0)", "os.date('!%', 0)"}
check.call("wrong, on its line", function()
    local x = 1
    return os.date("%Q", 0)
end)
local date = os.date
check.call("wrong, by another name", function() return date("%Q") end)
check.call("wrong, by pcall", os.date, "%Q")
check.call("wrong, as a method", function() return ("%Q"):date() end)
