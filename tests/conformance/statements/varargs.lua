-- levels: none restricted strict(error,math.maxinteger,math.mininteger)
local check = require "check"

local function count(...) return select("#", ...) end
local function list(...) return {...} end
local function pass(...) return ... end
local function first(...) local a = ... return a end
local function last(...) return (...) end
check.is("counts", count(), count(nil), count(nil, nil), count(1, 2, 3), count((pass(1, 2))), count(pass()), count((pass())), count(pass(), pass()), count(pass(1, 2), pass(1, 2)))
check.is("in a table", list(), list(1, 2), #list(nil, nil, 3) <= 3, list(pass(1, 2), 3), list(3, pass(1, 2)))
check.is("the first", first(), first(7, 8), last(9, 10), (pass(1, 2, 3)))
check.is("with parameters", {(function(a, b, ...) return a, b, ... end)(1)}, {(function(a, ...) return ... end)(1)}, (function(a, ...) return a, ... end)(1, 2, 3))
check.is("select", {select(2, "a", "b", "c")}, {select(-1, "a", "b", "c")}, {select(-3, "a", "b", "c")}, count(select(4, 1, 2, 3)), select("#"))
check.each {"select(0)", "select(-1)", "select(-2, 'a')", "select('x', 1)", "select(1.5, 1)", "select('2', 'a', 'b')", "select(2.0, 'a', 'b')", "select()", "select(nil)", "select({})", "select(math.maxinteger, 1)", "select(math.mininteger, 1)", "select(100, 1)", "(select('#', nil, nil))"}
check.is("many", count(table.unpack({}, 1, 250)), count(table.unpack({}, 1, 100000)), select(-1, table.unpack({}, 1, 100)))
check.is("in the main chunk", load("return select('#', ...), ...")(1, nil, 3))
check.is("changed parameters do not change them", (function(...) local a, b = ...; a = 9; return ... end)(1, 2))
check.is("captured", (function(...) local t = {...}; return (function() return t[2] end)() end)(1, 2))
check.is("forwarded", (function(...) return pass(...) end)(1, nil, 3))
check.is("adjusted in the middle", pass(1, 2), pass(3, 4), (pass(5, 6)))
check.is("of a method", ({m = function(self, ...) return count(...), ... end}):m(1, 2))
check.is("in a for loop", (function(...) local s = 0 for _, v in ipairs {...} do s = s + v end return s end)(1, 2, 3))
check.call("an error's position", function(...) local a, b = ... return a + b end, 1)
check.is("too many arguments are dropped", {(function(a) return a end)(1, 2, 3)}, (function() return "none" end)(1, 2))
check.is("tail calls", (function() local function loop(n, ...) if n == 0 then return ... end return loop(n - 1, ...) end return loop(100000, "end", nil, 1) end)())
