-- levels: none restricted strict(error,setmetatable,math.maxinteger,math.mininteger,table.move)
local check = require "check"

check.is("within", table.move({1, 2, 3}, 1, 3, 2), table.move({1, 2, 3}, 2, 3, 1), table.move({1, 2, 3}, 1, 3, 1), table.move({1, 2, 3}, 1, 3, 5), table.move({1, 2, 3}, 3, 1, 1), table.move({}, 1, 0, 1))
check.is("to another", table.move({1, 2, 3}, 1, 3, 1, {}), table.move({1, 2, 3}, 2, 3, 1, {9, 9, 9}), table.move({1, 2, 3}, 1, 0, 1, {7}), table.move({10, 20}, 1, 2, -1, {}))
check.is("overlapping", table.move({1, 2, 3, 4, 5}, 1, 4, 2), table.move({1, 2, 3, 4, 5}, 2, 5, 1), table.move({1, 2, 3, 4, 5}, 1, 3, 3), table.move({1, 2, 3, 4, 5}, 3, 5, 1))
check.is("the target is returned", {(function() local t = {}; return table.move({1}, 1, 1, 1, t) == t end)()}, (function() local t = {1}; return table.move(t, 1, 1, 2) == t end)())
check.is("nil is moved as well", table.move({1, nil, 3}, 1, 3, 1, {9, 9, 9}))
check.is("at the edge", {(function() local t = table.move({[math.maxinteger - 1] = "a", [math.maxinteger] = "b"}, math.maxinteger - 1, math.maxinteger, 1, {}); return t end)()}, {(function() local t = table.move({[math.mininteger] = "x"}, math.mininteger, math.mininteger, math.maxinteger, {}); return t[math.maxinteger] end)()}, table.move({}, math.maxinteger, math.mininteger, 1), table.move({}, 1, math.mininteger, 2))
local log = {}
local source = setmetatable({}, {__index = function(_, k) log[#log + 1] = "r" .. k; return k * 10 end})
local target = setmetatable({}, {__newindex = function(_, k, v) log[#log + 1] = "w" .. k .. "=" .. v end})
table.move(source, 1, 3, 5, target)
check.is("by metamethods", log)
log = {}
table.move(setmetatable({}, {__index = function(_, k) log[#log + 1] = "r" .. k; return k end, __newindex = function(_, k, v) log[#log + 1] = "w" .. k end}), 1, 3, 2)
check.is("from behind where it overlaps", log)
check.each {"table.move()", "table.move({})", "table.move({}, 1, 2)", "table.move({}, 1, 2, 3, 'x')", "table.move(5, 1, 2, 3)", "table.move({}, 'x', 2, 3)", "table.move({}, 1, math.maxinteger, 2)", "table.move({}, 0, math.maxinteger, 2)", "table.move({}, math.mininteger, 0, 2)", "table.move({}, math.mininteger, math.maxinteger, 2)", "table.move({}, 1, 2, math.maxinteger)", "table.move({}, -1, math.maxinteger, 2)", "table.move({}, 1.5, 2, 3)", "table.move({1, 2}, '1', '2', '3')", "table.move(setmetatable({}, {__index = function(_, k) error('reading ' .. k, 0) end}), 1, 2, 3)", "table.move({}, 1, 2, 3, setmetatable({}, {__newindex = function(_, k) error('writing ' .. k, 0) end}))"}
