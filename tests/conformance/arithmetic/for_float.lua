-- levels: none restricted strict(math.huge,math.type)
local check = require "check"

local function steps(a, b, c)
    local t = {}
    for i = a, b, c or 1 do
        t[#t + 1] = i
        if #t == 6 then break end
    end
    return t
end
check.is("a float start", steps(1.0, 3), steps(1.5, 4), steps(3.5, 1, -1))
check.is("a float step", steps(1, 2, 0.25), steps(1, 0, -0.5), steps(0, 1, 0.1))
check.is("a float limit alone", steps(1, 2.5))
check.is("rounding", steps(0.0, 0.3, 0.1), #steps(0, 1, 1 / 3))
check.is("at the edge", steps(2.0^53, 2.0^53 + 4), steps(1.0, math.huge, 1e308), steps(-math.huge, 0), steps(math.huge, 1, -1))
check.is("not a number", steps(0 / 0, 1), steps(1.0, 0 / 0), steps(1, 2, 0 / 0), steps(1.0, 2, 0 / 0))
check.is("minus zero", steps(-0.0, 0), steps(0.0, -0.0), steps(1, 0, -0.0 - 1))
check.call("a step of minus zero", steps, 1, 2, -0.0)
check.is("an integer start and a float step", steps(1, 3, 1.0), math.type(steps(1, 3, 1.0)[1]))
check.is("a float start that is whole", math.type(steps(1.0, 2)[1]))
check.call("a float start and a wrong limit", steps, 1.5, {})
check.call("a float limit and a wrong start", steps, {}, 1.5)
check.call("a wrong step with floats", steps, 1.5, 2, "x")
