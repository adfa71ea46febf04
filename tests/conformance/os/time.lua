-- levels: none restricted strict(setmetatable,math.type,os.clock,os.date,os.difftime,os.time)
local check = require "check"

check.is("dates", os.time {year = 1970, month = 1, day = 1, hour = 1}, os.time {year = 2000, month = 1, day = 1}, os.time {year = 2024, month = 2, day = 29, hour = 0}, os.time {year = 2038, month = 1, day = 19, hour = 4, min = 14, sec = 8}, os.time {year = 1900, month = 1, day = 1}, os.time {year = 3000, month = 12, day = 31, hour = 23})
check.is("noon by default", os.date("%H:%M:%S", os.time {year = 2020, month = 6, day = 15}))
local function normal(t) local r = os.time(t); return r, t end
check.is("normalised", normal {year = 2020, month = 14, day = -3, hour = 25, min = 61, sec = 61})
check.is("months beyond", normal {year = 2020, month = 0, day = 1}, normal {year = 2020, month = -11, day = 1, hour = 0}, normal {year = 2019, month = 25, day = 1, hour = 0})
check.is("days beyond", normal {year = 2023, month = 2, day = 29, hour = 12}, normal {year = 2024, month = 1, day = 366, hour = 12}, normal {year = 2024, month = 3, day = 0, hour = 12})
check.is("other fields are kept", (function() local t = {year = 2020, month = 1, day = 1, extra = "kept", yday = 999}; os.time(t); return t.extra, t.yday, t.wday end)())
check.is("summer time", os.time {year = 2024, month = 7, day = 1, hour = 12, isdst = true}, os.time {year = 2024, month = 7, day = 1, hour = 12, isdst = false}, os.time {year = 2024, month = 7, day = 1, hour = 12}, os.time {year = 2024, month = 1, day = 1, hour = 12, isdst = true})
check.is("the hour that is not there", normal {year = 2024, month = 3, day = 31, hour = 2, min = 30}, (normal {year = 2024, month = 3, day = 31, hour = 2, min = 30, isdst = true}))
check.is("there and back", (function() for _, t in ipairs {0, 1e9 | 0, 1690000000, 1700000000, -86400} do if os.time(os.date("*t", t)) ~= t then return false, t end end return true end)())
check.is("fields of other types", os.time {year = "2020", month = "1", day = "1"}, os.time {year = 2020.0, month = 1, day = 1}, os.time {year = "0x7e4", month = 1, day = 1})
check.is("by metamethods", os.time(setmetatable({}, {__index = {year = 2020, month = 1, day = 1}})), {(function() local log = {}; local t = setmetatable({}, {__index = function(_, k) log[#log + 1] = k; return ({year = 2020, month = 2, day = 3})[k] end}); os.time(t); return log end)()}, (function() local log = {}; os.time(setmetatable({}, {__index = {year = 2020, month = 2, day = 3}, __newindex = function(_, k, v) log[#log + 1] = k .. "=" .. tostring(v) end})); return log end)())
check.is("now", math.type(os.time()), os.time() > 1700000000, os.time(nil) >= os.time() - 5)
check.is("difftime", os.difftime(5, 3), os.difftime(3, 5), os.difftime(0, 0), os.difftime(5.0, 3))
check.is("clock", math.type(os.clock()), os.clock() >= 0, (function() local a = os.clock(); local b = os.clock(); return b >= a end)())
check.each {"os.time({})", "os.time({year = 2020})", "os.time({year = 2020, month = 1})", "os.time({year = 'x', month = 1, day = 1})", "os.time({year = 2020, month = 1.5, day = 1})", "os.time({year = 2020, month = 1, day = {}})", "os.time({year = 1 << 40, month = 1, day = 1})", "os.time({year = 2020, month = 1 << 40, day = 1})", "os.time({year = 2020, month = 1, day = 1, hour = 'x'})", "os.time({year = 2020, month = 1, day = 1, sec = 2^31})", "os.time({year = -(1 << 40), month = 1, day = 1})", "os.time(5)", "os.time('x')", "os.time(true)", "os.difftime()", "os.difftime(5)", "os.difftime('x', 1)", "os.difftime(1.5, 1)", "os.difftime('5', '3')", "os.clock(1) >= 0", "os.time({year = 2020, month = 1, day = 1, isdst = 'truth'})", "os.time({year = 2147483647, month = 1, day = 1}) ~= nil", "os.time({year = 2147485547, month = 12, day = 31})", "os.time({year = 2147485548, month = 1, day = 1})"}
check.call("wrong, on its line", function()
    local t = {year = 2020}
    return os.time(t)
end)
check.call("wrong, by pcall", os.time, {})
