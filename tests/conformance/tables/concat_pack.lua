-- levels: none restricted strict(setmetatable,math.maxinteger,math.mininteger)
local check = require "check"

check.is("concat", table.concat({}), table.concat({"a"}), table.concat({"a", "b", "c"}), table.concat({"a", "b"}, ", "), table.concat({1, 2.5, "x"}, "-"), table.concat({"a", "b", "c"}, ",", 2), table.concat({"a", "b", "c"}, ",", 2, 2), table.concat({"a", "b", "c"}, ",", 3, 2), table.concat({"a", "b"}, nil), table.concat({"a", "b"}, 5), table.concat({[5] = "five"}, ",", 5, 5))
check.is("concat at the edge", table.concat({[math.maxinteger] = "last"}, ",", math.maxinteger, math.maxinteger), table.concat({}, ",", 1, 0), table.concat({}, ",", math.maxinteger, math.mininteger), table.concat({[math.mininteger] = "first"}, ",", math.mininteger, math.mininteger))
check.is("concat by metamethods", table.concat(setmetatable({}, {__index = function(_, i) return "v" .. i end, __len = function() return 3 end}), ";"))
check.is("many", #table.concat((function() local t = {} for i = 1, 10000 do t[i] = "item" .. i end return t end)(), ", "))
check.each {"table.concat({1, {}, 3})", "table.concat({1, nil, 3}, ',', 1, 3)", "table.concat({true})", "table.concat({print})", "table.concat({1, 2}, {})", "table.concat({1, 2}, ',', 'x')", "table.concat({1, 2}, ',', 1, 3)", "table.concat({1, 2}, ',', 0)", "table.concat({1}, ',', 1.5)", "table.concat('x')", "table.concat({setmetatable({}, {__tostring = function() return 'x' end})})", "table.concat({1, 2}, ',', '1', '2')"}
local p = table.pack(1, nil, 3, nil)
check.is("pack", p.n, p[1], p[2], p[3], table.pack().n, table.pack(nil).n, table.pack((function() return 1, 2 end)()))
check.is("unpack", {table.unpack({1, 2, 3})}, {table.unpack({1, 2, 3}, 2)}, {table.unpack({1, 2, 3}, 2, 2)}, {table.unpack({1, 2}, 1, 4)}, {table.unpack({}, 1, 0)}, {table.unpack({1, 2, 3}, -1, 1)}, table.unpack({1, 2, 3}, 3, 1))
check.is("unpack at the edge", {select("#", table.unpack({}, math.maxinteger, math.maxinteger))}, {select("#", table.unpack({}, math.mininteger, math.mininteger + 1))}, {select("#", table.unpack({}, math.maxinteger, math.mininteger))}, table.unpack({[math.maxinteger] = "last"}, math.maxinteger, math.maxinteger))
check.is("unpack by metamethods", {table.unpack(setmetatable({}, {__index = function(_, i) return i * i end, __len = function() return 4 end}))}, {table.unpack(setmetatable({}, {__index = function(_, i) return i end}), 5, 7)}, table.unpack("abc", 1, 0))
check.is("many values", select("#", table.unpack({}, 1, 100000)))
check.each {"table.unpack({}, 1, 1e7)", "table.unpack({}, 1, math.maxinteger)", "table.unpack({}, math.mininteger, math.maxinteger)", "table.unpack({}, 0, math.maxinteger)", "table.unpack({}, 1, 1e100)", "table.unpack()", "table.unpack(5)", "table.unpack({}, 'x')", "table.unpack({}, 1, {})", "table.unpack({1, 2}, '1', '2')", "table.unpack(nil, 1, 2)", "table.unpack(5, 1, 1)", "table.unpack({}, 1.5)"}
