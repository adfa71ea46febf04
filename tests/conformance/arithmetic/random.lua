-- levels: none restricted strict(math)
local check = require "check"

local function draw(n, ...)
    local t = {}
    for i = 1, n do t[i] = math.random(...) end
    return t
end
math.randomseed(42)
check.is("floats of a seed", draw(4))
check.is("up to six", draw(12, 6))
check.is("from a range", draw(12, -3, 3))
check.is("whole integers", draw(3, 0))
check.is("wide ranges", draw(3, math.mininteger, math.maxinteger), draw(3, 0, math.maxinteger), draw(2, 1, 1 << 60))
math.randomseed(42)
check.is("the same seed again", draw(2))
math.randomseed(42, 7)
check.is("two parts", draw(2))
math.randomseed(42.0)
check.is("a seed that is a float", draw(2))
check.is("a range of one", math.random(5, 5), math.random(1), math.random(-7, -7))
math.randomseed(-1)
check.is("a negative seed", draw(2, 1000))
local low, high, inside = 0, 0, true
for i = 1, 1000 do
    local r, n = math.random(), math.random(3, 9)
    inside = inside and r >= 0 and r < 1 and n >= 3 and n <= 9 and math.type(n) == "integer"
    low, high = low + (n == 3 and 1 or 0), high + (n == 9 and 1 or 0)
end
check.is("always inside", inside, low > 0, high > 0)
check.each {
    "math.random(0) ~= nil", "math.random(-1)", "math.random(2, 1)", "math.random(1, 2, 3)", "math.random(1.5)", "math.random('x')", "math.random('3', '3')", "math.random(3.0, 3)", "math.random(1, 1.5)", "math.random(math.maxinteger, math.mininteger)", "math.random(nil)", "math.random({})", "math.randomseed('x')", "math.randomseed({})", "math.randomseed(1, 'x')", "math.randomseed(1, 1.5)", "math.randomseed(nil)",
}
