-- levels: none restricted strict(math.maxinteger,math.mininteger,math.type)
local check = require "check"

local max, min = math.maxinteger, math.mininteger
check.is("wrap around", max + 1 == min, min - 1 == max, max * 2, min * 2, -min == min, min * -1 == min, max * max, min * min)
for _, a in ipairs {0, 1, -1, 2, -2, 3, -3, 7, -7, max, min, max - 1, min + 1} do
    local row = {}
    for _, b in ipairs {1, -1, 2, -2, 3, -3, 10, -10, max, min} do
        row[#row + 1] = a // b .. "," .. a % b .. "," .. tostring(a == (a // b) * b + a % b)
    end
    check.is("quotients and remainders of " .. a, table.concat(row, " "))
end
check.call("division by zero", function(a) return a // 0 end, 1)
check.call("division by a variable zero", function(a, b) return a // b end, 1, 0)
check.call("remainder by zero", function(a) return a % 0 end, 1)
check.call("remainder by a variable zero", function(a, b) return a % b end, 1, 0)
check.call("the smallest by minus one", function(a, b) return a // b, a % b end, min, -1)
check.call("the smallest by minus one, a constant", function(a) return a // -1, a % -1 end, min)
check.each {"1 // 0", "1 % 0", "0 // 0", "0 % 0", "1 // 0.0", "1 % 0.0", "0 // 0.0", "-1 // 0.0", "math.mininteger // -1", "math.mininteger % -1"}
check.is("types of results", math.type(1 + 1), math.type(1 + 1.0), math.type(4 / 2), math.type(4 // 2), math.type(4 // 2.0), math.type(2 ^ 2), math.type(-1), math.type(4 % 2.0), math.type(1 << 2.0))
check.is("with constants of every kind", 5 + 1, 5 - 1, 5 + 127, 5 - 128, 5 + 128, 5 + 1000, 5 - 1000, 5 * 3, 5 // 3, 5 % 3, 5 / 2)
local x = 5
check.is("with a variable", x + 1, 1 + x, x - 1, 1 - x, x * 3, 3 * x, x // 3, 13 // x, x % 3, 13 % x, x / 2, 2 / x, x ^ 2, 2 ^ x, -x, - -x, x + 100000, 100000 - x)
