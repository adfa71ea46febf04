-- levels: none restricted strict(rawget,setmetatable,math.maxinteger,table.insert,table.remove)
local check = require "check"

local function after(f, t, ...) local r = table.pack(f(t, ...)); return t, table.unpack(r, 1, r.n) end
check.is("insert", {after(table.insert, {}, 1)}, {after(table.insert, {1, 2}, 3)}, {after(table.insert, {1, 2}, 1, 0)}, {after(table.insert, {1, 2}, 2, 1.5)}, {after(table.insert, {1, 2}, 3, 3)}, after(table.insert, {1, 2}, nil))
check.is("remove", {after(table.remove, {1, 2, 3})}, {after(table.remove, {1, 2, 3}, 1)}, {after(table.remove, {1, 2, 3}, 2)}, {after(table.remove, {1, 2, 3}, 4)}, {after(table.remove, {})}, {after(table.remove, {}, 0)}, {after(table.remove, {}, 1)}, after(table.remove, {[0] = "zero"}, 0))
check.is("results", {select("#", table.insert({}, 1))}, {select("#", table.remove({}))}, select("#", table.remove({1})))
check.is("positions of other types", {after(table.insert, {1, 2}, 1.0, 0)}, {after(table.insert, {1, 2}, "1", 0)}, {after(table.remove, {1, 2}, 1.0)}, after(table.remove, {1, 2}, "2"))
check.each {"table.insert({1, 2}, 4, 'x')", "table.insert({1, 2}, 0, 'x')", "table.insert({1, 2}, -1, 'x')", "table.insert({1, 2}, 1.5, 'x')", "table.insert({1, 2}, 'x', 1)", "table.insert({1}, 1, 2, 3)", "table.insert({1}, 1, 2, nil)", "table.insert(5, 1)", "table.insert('x', 1)", "table.remove({1, 2}, 4)", "table.remove({1, 2}, -1)", "table.remove({1, 2}, 0)", "table.remove({}, 2)", "table.remove({}, -1)", "table.remove({1}, 1.5)", "table.remove(nil)", "table.insert({}, 1, nil)"}
local function proxy(t, log)
    return setmetatable({}, {__index = function(_, k) log[#log + 1] = "r" .. tostring(k); return t[k] end, __newindex = function(_, k, v) log[#log + 1] = "w" .. tostring(k) .. "=" .. tostring(v); t[k] = v end, __len = function() log[#log + 1] = "#"; return #t end})
end
local log = {}
table.insert(proxy({1, 2, 3}, log), 2, "x")
check.is("insert by metamethods", log)
log = {}
check.is("remove by metamethods", {table.remove(proxy({1, 2, 3}, log), 1)}, log)
log = {}
table.insert(proxy({}, log), "first")
check.is("append by metamethods", log)
check.call("a length that is no number", table.insert, setmetatable({}, {__len = function() return "x" end}), 1)
check.call("a length that is no integer", table.insert, setmetatable({}, {__len = function() return 1.5 end}), 1)
check.call("a length that is a text of a number", table.insert, setmetatable({}, {__len = function() return "3" end}), 1)
check.is("a length that lies", (function() local t = setmetatable({}, {__len = function() return 10 end}); table.insert(t, "x"); return rawget(t, 11), t[11] end)())
check.call("the largest length", table.insert, setmetatable({}, {__len = function() return math.maxinteger end}), 1)
check.call("an object without its methods", table.insert, setmetatable({}, {}), 1)
check.call("no table", table.insert, print, 1)
check.is("a stack and a queue", (function() local s, q = {}, {} for i = 1, 5 do table.insert(s, i); table.insert(q, 1, i) end return table.remove(s), table.remove(s), table.remove(q), table.remove(q, 1), s, q end)())
