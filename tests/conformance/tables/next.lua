-- levels: none restricted strict(next,rawequal,rawget,rawlen,rawset,setmetatable)
local check = require "check"

local function keys(t) local r = {} for k in pairs(t) do r[#r + 1] = k end return r end
check.is("arrays in order", keys {10, 20, 30}, keys {}, keys {nil, 2}, keys {table.unpack({}, 1, 5)})
check.is("next", next {}, next {10}, {next({10, 20}, 1)}, {next({10}, 1)}, {next({}, nil)}, (next {x = 1}))
check.is("fields", (function() local n, sum = 0, 0 for k, v in pairs {a = 1, b = 2, c = 3, 4, 5} do n = n + 1; sum = sum + v end return n, sum end)())
check.is("assigning while going", (function() local t = {a = 1, b = 2, c = 3} for k, v in pairs(t) do t[k] = v * 2 end return t end)())
check.is("removing while going", (function() local t = {} for i = 1, 100 do t["k" .. i] = i end for k in pairs(t) do t[k] = nil end return next(t) end)())
check.is("ipairs stops at nil", (function() local t = {} for i, v in ipairs {1, 2, nil, 4} do t[#t + 1] = v end return t end)())
check.is("ipairs' parts", {select("#", ipairs({}))}, {select(3, ipairs({}))}, (ipairs {5})({5}, 0))
check.is("pairs' parts", {select("#", pairs({}))}, (pairs({})) == next, select(3, pairs({})))
check.is("ipairs of others", {(function() local t = {} for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 4 then return i * i end end})) do t[i] = v end return t end)()}, pcall(function() for i in ipairs("abc") do return "turn" end return "no turn" end))
check.each {"next()", "next(nil)", "next('x')", "next({}, 1)", "next({1}, 2)", "next({1, 2}, 3)", "next({a = 1}, 'b')", "next({1}, 1.0)", "next({1}, '1')", "next({1}, 0/0)", "next({1}, nil)", "next({}, {})", "pairs()", "pairs(nil)", "pairs(5)", "pairs('x')", "ipairs()", "ipairs(nil)", "rawlen({1, 2})", "rawlen('abc')", "rawlen(5)", "rawget({5}, 1)", "rawget({5}, 1.0)", "rawget({5}, '1')", "rawequal({}, {})", "rawequal('a', 'a')", "rawset({}, 1, 2)[1]", "rawset({}, nil, 1)", "#{1, 2, nil}", "#{nil}", "#{n = 1}", "rawget({}, nil)"}
check.is("integers and floats", (function() local t = {}; t[1] = "i"; t[1.0] = "f"; t[2.5] = "x"; t[2^53] = "big"; return t[1], t[2.5], t[2^53 | 0], #t end)())
check.is("large", (function() local t = {} for i = 1, 10000 do t[i] = i end local n = 0 for i, v in ipairs(t) do n = n + v end for i = 10000, 5001, -1 do t[i] = nil end return n, #t end)())
check.is("negative and zero", (function() local t = {[-1] = "m", [0] = "z", "one"}; return #t, t[-1], t[0], t[1] end)())
check.is("borders", (function() local t = {1, 2, 3}; t[4] = nil; t[5] = 5; local n = #t; return n == 3 or n == 5 end)())
