-- levels: none restricted strict(string.find,string.len,string.rep,string.upper)
local check = require "check"

local s = "hello"
check.each {
    "('x').len", "('x').nothing", "('x')[1]", "('x')[nil]", "#'abc'", "#''", "#'a\\0b'", "('abc'):len()", "('abc').upper == string.upper", "('%d'):format(5)", "('a,b'):find(',', 1, true)", "(''):rep(5) == ''", "('x'):nothing()",
}
check.call("assigning to a field", function() s.x = 1 end)
check.call("calling a string", function() s() end)
check.call("an upvalue's field called", function() return s.x.y end)
check.call("arithmetic on a field", function() return s.x + 1 end)
string.shout = function(text) return text:upper() .. "!" end
check.is("a method of the script's own", s:shout(), ("x"):shout())
string.shout = nil
check.call("and taken away", function() return s:shout() end)
local methods = {}
for name in pairs(string) do methods[#methods + 1] = name end
check.is("methods are the library's", #methods > 3, s.upper == string.upper)
