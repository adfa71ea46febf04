-- levels: none restricted strict(math.maxinteger,math.mininteger)
local check = require "check"

local function steps(a, b, c)
    local t = {}
    for i = a, b, c or 1 do
        t[#t + 1] = i
        if #t == 8 then break end
    end
    return t
end
local max, min = math.maxinteger, math.mininteger
check.is("up and down", steps(1, 3), steps(3, 1), steps(3, 1, -1), steps(1, 1), steps(0, 9, 3), steps(9, 0, -3), steps(1, 10, 4))
check.is("at the largest", steps(max - 2, max), steps(max, max), steps(max - 1, max, 2), steps(max - 1, max, max), steps(max, min, min))
check.is("at the smallest", steps(min + 2, min, -1), steps(min, min), steps(min + 1, min, -2), steps(min, max, max), steps(min, min + 2))
check.is("the whole range", steps(min, max, max), steps(max, min, min), steps(min, max, 1 << 62), steps(max, min, -(1 << 62)))
check.is("limits that are floats", steps(1, 3.7), steps(1, 0.5), steps(3, 0.5, -1), steps(1, 1e100, 1 << 62), steps(1, -1e100, -(1 << 62)), steps(1, 1 / 0, 1 << 62), steps(1, 0 / 0), steps(1, -1 / 0), steps(-1, -3.2, -1))
check.is("limits that are floats at the edge", steps(max - 1, 2.0^63), steps(min + 1, -2.0^63, -1), steps(max, 2.0^63), steps(1, -2.0^63), steps(-1, 2.0^63, -1))
check.call("a step of zero", steps, 1, 10, 0)
check.call("a float step of zero", steps, 1.0, 10, 0)
check.call("a start that is a text", steps, "1", 10)
check.call("a limit that is a text", steps, 1, "10")
check.call("a step that is a text", steps, 1, 10, "1")
check.call("a start that is nil", function() for i = nil, 1 do end end)
check.call("a limit that is nil", function() for i = 1, nil do end end)
check.call("a step that is a table", function() for i = 1, 2, {} do end end)
check.call("two wrong ones", function() for i = {}, "x", 0 do end end)
check.is("the variable is the body's own", (function() local t = {} for i = 1, 3 do local j = i; i = 10; t[j] = i end return t end)())
local functions = {}
for i = 1, 3 do functions[i] = function() i = i + 10; return i end end
check.is("each turn has its own variable", functions[1](), functions[1](), functions[2](), functions[3]())
local calls = 0
local function limit() calls = calls + 1; return 3 end
for i = limit(), limit(), limit() do end
check.is("limits are taken once", calls)
check.is("nested", (function() local n = 0 for i = 1, 10 do for j = i, 10 do n = n + j end end return n end)())
check.is("changing the limit's variable", (function() local n, c = 3, 0 for i = 1, n do n = 10; c = c + 1 end return c end)())
