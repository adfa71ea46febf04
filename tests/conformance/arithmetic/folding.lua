-- levels: none restricted strict(error)
local check = require "check"

-- What the compiler computes is what the machine computes: each expression with constants and with arguments.
local operators = {"+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "==", "<", "<=", ".."}
local pairs_of = {{"7", "2"}, {"-7", "2"}, {"7", "-2"}, {"7.5", "2"}, {"3", "0"}, {"3.0", "0"}, {"0.0", "-1"}, {"9223372036854775807", "1"}, {"1e308", "10"}, {"2", "0.5"}, {"1", "64"}, {"0x7fffffffffffffff", "-1"}}
for _, operator in ipairs(operators) do
    local results, same = {}, true
    for i, operands in ipairs(pairs_of) do
        local a, b = operands[1], operands[2]
        local ok, folded = pcall(load("return (" .. a .. ") " .. operator .. " (" .. b .. ")", "=folded"))
        local ok_computed, computed = pcall(load("local a, b = ... return a " .. operator .. " b", "=folded"), load("return " .. a)(), load("return " .. b)())
        local agree = ok == ok_computed and check.show(folded):gsub(" %(.-%)", "") == check.show(computed):gsub(" %(.-%)", "")
        same = same and agree
        results[i] = check.show(folded)
    end
    check.is("operator " .. operator, same, table.concat(results, ", "))
end
check.is("unary", -(-9223372036854775807 - 1), -0, -0.0, - - 3, ~5, ~~5, not nil, not not 1, -"2", #"abc" + 1)
check.is("logic", nil and 1, false or nil, 1 and 2, nil or 2, false and error(), 1 or error(), nil == false, (nil and 1) or 2, not nil == true, 1 and nil or 3)
check.is("const variables", (function() local a <const> = 10; local b <const> = a * 2; local s <const> = "x"; return a + b, s .. a, a // 3, -a end)())
