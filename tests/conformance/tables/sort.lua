-- levels: none restricted strict(error,setmetatable,math.maxinteger)
local check = require "check"

local function sorted(t, f) table.sort(t, f); return t end
check.is("numbers", sorted {3, 1, 2}, sorted {}, sorted {1}, sorted {2, 1}, sorted {1, 1, 1}, sorted {1.5, 1, -1, 2^53, -1 / 0, 1 / 0}, sorted {3, "x" and 1, 2})
check.is("texts", sorted {"b", "a", "C", "", "aa", "a\0", "10", "9"})
check.is("by a function", sorted({3, 1, 2}, function(a, b) return a > b end), sorted({"bbb", "a", "cc"}, function(a, b) return #a < #b end), sorted({{2}, {1}}, function(a, b) return a[1] < b[1] end), sorted({3, 1, 2}, nil))
for _, n in ipairs {5, 10, 50, 100, 101, 500, 2000} do
    local t, x = {}, 12345
    for i = 1, n do x = (x * 1103515245 + 12345) % 2147483648; t[i] = x % 1000 end
    table.sort(t)
    local ok = true
    for i = 2, n do ok = ok and t[i - 1] <= t[i] end
    table.sort(t, function(a, b) return a > b end)
    for i = 2, n do ok = ok and t[i - 1] >= t[i] end
    check.is(n .. " numbers", ok, t[1], t[n])
end
check.is("ordered already", {(function() local t = {} for i = 1, 500 do t[i] = i end table.sort(t); return t[1], t[250], t[500] end)()}, (function() local t = {} for i = 1, 500 do t[i] = -i end table.sort(t); return t[1], t[500] end)())
check.is("the same comparisons", (function() local log = {}; table.sort({5, 2, 4, 1, 3}, function(a, b) log[#log + 1] = a .. "<" .. b; return a < b end); return table.concat(log, " ") end)())
check.is("by metamethods", (function() local mt = {__lt = function(a, b) return a.v < b.v end}; local t = {}; for i, v in ipairs {3, 1, 2} do t[i] = setmetatable({v = v}, mt) end; table.sort(t); return t[1].v, t[2].v, t[3].v end)())
check.is("a table with metamethods", (function() local data = {3, 1, 2}; local t = setmetatable({}, {__index = data, __newindex = data, __len = function() return #data end}); table.sort(t); return data end)())
check.is("results", select("#", table.sort({1})))
check.each {"table.sort()", "table.sort(5)", "table.sort({}, 5)", "table.sort({1}, {})", "table.sort({1, 'x'})", "table.sort({{}, {}})", "table.sort({1, nil, 3}, function(a, b) return a < b end)", "table.sort({true, false})", "table.sort({3, 2, 1}, function() error('in it', 0) end)", "table.sort({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, function() return true end)", "table.sort(setmetatable({}, {__len = function() return math.maxinteger end}))", "table.sort(setmetatable({}, {__len = function() return -1 end}))", "table.sort(setmetatable({}, {__len = function() return 'x' end}))", "table.sort({1, 2, 3}, function() end)", "table.sort({1, 2, 3}, print and function(a, b) return b < a end)"}
check.call("a wrong order function", function() local t = {} for i = 1, 200 do t[i] = i % 7 end table.sort(t, function(a, b) return a <= b end) end)
