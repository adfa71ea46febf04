-- levels: none restricted strict(next,string.rep)
local check = require "check"

local function three() return 1, 2, 3 end
check.is("fields", {1, 2, 3}, {a = 1, ["b c"] = 2, [10] = 3}, {1, a = 2, 3}, {1; 2; 3}, {1, 2,}, {})
check.is("calls", {three()}, {three(), three()}, {three(), nil}, {(three())}, {three(), 4}, {x = three()}, {[1] = three()})
check.is("order of keys", {[1] = "a", "b"}, {"b", [1] = "a"}, {[2] = "x", "a", "b"})
check.is("nil in it", {nil, 2}, {1, nil, 3}, {n = nil}, select("#", table.unpack({nil, nil, 3}, 1, 3)))
check.is("length", #{}, #{1, 2, 3}, #{1, 2, 3, nil}, #{n = 1}, #{three()}, #"abc", #{[1] = 1, [2] = 2})
check.is("large", #{table.unpack({}, 1, 0)}, #load("return {" .. ("1,"):rep(1000) .. "}")(), load("return {" .. ("1,"):rep(60) .. "nil, 5}")()[62])
check.is("nested", {{{}}, {{1}}, a = {b = {c = 1}}})
check.is("keys of every type", (function() local k = {}; local t = {[k] = 1, [print] = 2, [true] = 3, [1.5] = 4, ["x"] = 5, [-1] = 6}; return t[k], t[print], t[true], t[1.5], t.x, t[-1] end)())
check.each {"{[nil] = 1}", "{[0/0] = 1}", "{[1] = nil}", "{1, 2, 3 = 4}", "{a.b = 1}", "{f = function() end}.f", "({f = 1}).f", "{...}", "{..., 1}", "{function() end, function() end}", "{x = 1, x = 2}", "{[1] = 1, [1.0] = 2}", "{1, 2}[1]", "#{1, 2, 3}[1]", "{'a' 'b'}"}
local t = {}
for i = 1, 100 do t[i] = i end
for i = 1, 100 do t[i] = nil end
check.is("emptied", #t, next(t))
t = {}
for i = 100, 1, -1 do t[i] = i end
check.is("filled from behind", #t)
t[101] = 1
check.is("one more", #t)
t = {10, 20, 30}
t[#t + 1] = 40
t[#t] = nil
check.is("appended and removed", #t, t)
t = {}
t.x, t["x"], t["y z"] = 1, 2, 3
check.is("two ways to write a key", t.x, t["y z"])
t[1], t[1.0], t[-0.0], t[0] = "a", "b", "c", "d"
check.is("keys that are equal", t[1], t[0], t[0.0])
