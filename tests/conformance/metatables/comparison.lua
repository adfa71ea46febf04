-- levels: none restricted strict(error,rawequal,setmetatable,coroutine.create)
local check = require "check"

local log = {}
local mt = {
    __eq = function(a, b) log[#log + 1] = "eq"; return a.v == b.v end,
    __lt = function(a, b) log[#log + 1] = "lt"; return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) end,
    __le = function(a, b) log[#log + 1] = "le"; return (type(a) == "table" and a.v or a) <= (type(b) == "table" and b.v or b) end,
}
local function new(v) return setmetatable({v = v}, mt) end
local a, b, c = new(1), new(2), new(1)
check.is("equal", a == c, a ~= c, a == b, a ~= b, a == a, log)
log = {}
check.is("less", a < b, b < a, a < c, a > b, b > a, log)
log = {}
check.is("less or equal", a <= b, b <= a, a <= c, a >= b, log)
log = {}
check.is("with numbers", a < 5, 5 < a, a <= 1, 1 >= a, a > 0.5, 1.5 > a, log)
log = {}
check.is("with variables", {(function(n) return a < n, n < a, a <= n, n <= a end)(1)}, log)
log = {}
check.is("other types are never equal", a == 1, 1 == a, a == "x", a == nil, a == true, a == {}, log)
check.is("rawequal", rawequal(a, c), rawequal(a, a), log)
local any = setmetatable({}, {__eq = function() return 5 end, __lt = function() return nil end, __le = function() return "yes" end})
check.is("results are truth", any == {}, {} == any, any ~= {}, any < 1, any <= 1, not (any < 1))
local none = setmetatable({}, {__eq = function() end})
check.is("no result", none == {}, none ~= {})
local left, right = setmetatable({}, {__eq = function() return "left" end, __lt = function() return true end}), setmetatable({}, {__eq = function() return false end, __lt = function() return false end})
check.is("the left one's comes first", left == right, right == left, left < right, right < left)
check.is("the right one's serves", {} == left, 1 < left, "x" < left, nil < left)
check.call("no method", function() return {} < {} end)
check.call("no method with another type", function() return {} < 1 end)
check.call("only __lt for <=", function() return setmetatable({}, {__lt = function() return true end}) <= {} end)
check.call("no function", function() return setmetatable({}, {__lt = 1}) < 1 end)
check.call("__eq that is no function", function() return setmetatable({}, {__eq = 1}) == {} end)
check.call("two tables with names", function() return setmetatable({}, {__name = "A"}) < setmetatable({}, {__name = "B"}) end)
check.call("a name and a number", function() return setmetatable({}, {__name = "A"}) < 1 end)
check.call("a name that is no text", function() return setmetatable({}, {__name = 1}) < 1 end)
check.call("an error in it", function() return a < {} end)
check.is("keys are raw", (function() local t = {[a] = "a"}; return t[a], t[c] end)())
check.is("sorting by it", (function() local t = {new(3), new(1), new(2)}; table.sort(t); return t[1].v, t[2].v, t[3].v end)())
check.is("in conditions", {(function() if a < b then return "less" else return "not less" end end)()}, a == c and "same" or "different", (a ~= c) == false)
check.is("functions and coroutines", print == print, coroutine.create(print) == coroutine.create(print))
