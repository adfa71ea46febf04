-- levels: none restricted strict(error,rawequal,setmetatable,coroutine.create,math.huge,math.maxinteger,math.mininteger,string.match)
local check = require "check"

check.each {
    "tostring(nil)", "tostring(true)", "tostring(0)", "tostring(-0)", "tostring(-0.0)", "tostring(1e15)", "tostring(1e16)", "tostring(1e100)", "tostring(-1e-7)", "tostring(123456789012345.0)",
    "tostring(0.1)", "tostring(1/3)", "tostring(100)", "tostring(100.0)", "tostring(3.14159265358979)", "tostring(2^53)", "tostring(2^63)", "tostring(-2^63)", "tostring(math.mininteger)", "tostring(math.maxinteger)",
    "tostring(1/0)", "tostring(-1/0)", "tostring(0/0)", "tostring(-(0/0))", "tostring(math.huge - math.huge)", "tostring(5e-324)", "tostring(1.7976931348623157e308)", "tostring(0.1 + 0.2)", "tostring(1e14)", "tostring(99999999999999.9)",
    "tostring('x')", "tostring('')", "tostring()", "tostring(1, 2)", "#tostring('a\\0b')", "1e15 .. ''", "2^24 .. '|' .. 10 // 3.0", "-0.0 .. ''", "1 .. 2", "'' .. 1e300 * 1e10",
}
check.is("kinds", tostring(print):match("^%a+: "), tostring({}):match("^%a+: "), tostring(coroutine.create(print)):match("^%a+: "))
local mt = {}
local t = setmetatable({}, mt)
mt.__name = "My Type"
check.is("__name", tostring(t):match("^(.-):"))
mt.__name = 5
check.is("__name that is no string", tostring(t):match("^(.-):"))
mt.__tostring = function(v) return "shown " .. tostring(rawequal(v, t)) end
check.is("__tostring", tostring(t))
mt.__tostring = function() return 42 end
check.call("__tostring gives a number", tostring, t)
mt.__tostring = function() return {} end
check.call("__tostring gives a table", tostring, t)
mt.__tostring = function() return nil end
check.call("__tostring gives nothing", tostring, t)
mt.__tostring = function() error("no text", 0) end
check.call("__tostring raises", tostring, t)
mt.__tostring = "text"
check.call("__tostring is no function", tostring, t)
mt.__tostring = function(...) return tostring(select("#", ...)) end
check.call("what __tostring is given", tostring, t, 1, 2)
mt.__tostring = setmetatable({}, {__call = function(self, v) return "called" end})
check.call("__tostring is callable", tostring, t)
