-- Calculator: tokenizer and Pratt parser with variables, functions and exact integers; evaluates a sheet of formulas.
-- expect: ok
-- output: 1 + 2 * 3                                      = 7

-- Every operator has a binding power; the parser reads on while the next operator binds tighter than the last.

local BINARY = {
    ["="] = { left = 1, right = 0 },
    ["?"] = { left = 3, right = 2 },
    ["<"] = { left = 10, right = 11 }, [">"] = { left = 10, right = 11 },
    ["=="] = { left = 8, right = 9 }, ["<="] = { left = 10, right = 11 }, [">="] = { left = 10, right = 11 },
    ["+"] = { left = 20, right = 21 }, ["-"] = { left = 20, right = 21 },
    ["*"] = { left = 30, right = 31 }, ["/"] = { left = 30, right = 31 }, ["%"] = { left = 30, right = 31 },
    ["^"] = { left = 50, right = 49 },
    ["!"] = { left = 60 },
}
local PREFIX_POWER = 40

local function tokenize(source)
    local tokens, at = {}, 1
    while true do
        at = source:match("^%s*()", at)
        if at > #source then break end
        local number, stop = source:match("^(%d+%.?%d*[eE][+-]?%d+)()", at)
        if not number then number, stop = source:match("^(%d+%.?%d*)()", at) end
        local name, after = source:match("^([%a_][%w_]*)()", at)
        local pair, beyond = source:match("^([<>=]=)()", at)
        if number then
            tokens[#tokens + 1] = { kind = "number", value = tonumber(number), at = at }
        elseif name then
            tokens[#tokens + 1] = { kind = "name", value = name, at = at }
        else
            local symbol = pair or source:match("^[%+%-%*/%%%^%(%),=<>!?:]", at)
            if not symbol then error(("column %d: unexpected '%s'"):format(at, source:match("^" .. utf8.charpattern, at)), 0) end
            tokens[#tokens + 1] = { kind = symbol, at = at }
        end
        at = stop or after or beyond or at + 1
    end
    tokens[#tokens + 1] = { kind = "end", at = #source + 1 }
    return tokens
end

local Parser = {}
Parser.__index = Parser

function Parser:peek() return self.tokens[self.i] end

function Parser:next()
    self.i = self.i + 1
    return self.tokens[self.i - 1]
end

function Parser:expect(kind)
    local token = self:next()
    if token.kind ~= kind then error(("column %d: '%s' expected"):format(token.at, kind), 0) end
end

function Parser:arguments()
    local list = {}
    self:expect("(")
    if self:peek().kind == ")" then self:next() return list end
    repeat
        list[#list + 1] = self:expression(0)
        local token = self:next()
        if token.kind ~= "," and token.kind ~= ")" then error(("column %d: ',' or ')' expected"):format(token.at), 0) end
    until token.kind == ")"
    return list
end

function Parser:prefix()
    local token = self:next()
    if token.kind == "number" then return { op = "number", value = token.value } end
    if token.kind == "name" then
        if self:peek().kind == "(" then return { op = "call", name = token.value, args = self:arguments(), at = token.at } end
        return { op = "name", name = token.value, at = token.at }
    end
    if token.kind == "(" then
        local inner = self:expression(0)
        self:expect(")")
        return inner
    end
    if token.kind == "-" or token.kind == "+" then
        return { op = "prefix" .. token.kind, self:expression(PREFIX_POWER) }
    end
    error(("column %d: a value expected"):format(token.at), 0)
end

function Parser:expression(minimum)
    local left = self:prefix()
    while true do
        local token = self:peek()
        local power = BINARY[token.kind]
        if not power or power.left < minimum then return left end
        self:next()
        if token.kind == "!" then
            left = { op = "!", left }
        elseif token.kind == "?" then
            local yes = self:expression(0)
            self:expect(":")
            left = { op = "?", left, yes, self:expression(power.right) }
        else
            if token.kind == "=" and left.op ~= "name" then error(("column %d: only a name can be set"):format(token.at), 0) end
            left = { op = token.kind, left, self:expression(power.right), at = token.at }
        end
    end
end

local function parse(source)
    local parser = setmetatable({ tokens = tokenize(source), i = 1 }, Parser)
    local tree = parser:expression(0)
    parser:expect("end")
    return tree
end

local function factorial(n)
    if math.type(n) ~= "integer" or n < 0 then error("factorial of " .. n, 0) end
    return n < 2 and 1 or n * factorial(n - 1)
end

local FUNCTIONS = {
    sqrt = math.sqrt, abs = math.abs, min = math.min, max = math.max, floor = math.floor,
    round = function(x, digits)
        local scale = 10 ^ (digits or 0)
        return math.floor(x * scale + 0.5) / scale
    end,
    sum = function(...)
        local total = 0
        for i = 1, select("#", ...) do total = total + (select(i, ...)) end
        return total
    end,
}

local evaluate

-- An integer result stays an integer; only a division that leaves a rest makes a float.
local OPERATORS = {
    ["+"] = function(a, b) return a + b end,
    ["-"] = function(a, b) return a - b end,
    ["*"] = function(a, b) return a * b end,
    ["%"] = function(a, b) return a % b end,
    ["^"] = function(a, b)
        local x = a ^ b
        return math.type(a) == "integer" and math.type(b) == "integer" and math.tointeger(x) or x
    end,
    ["/"] = function(a, b)
        if b == 0 then error("division by zero", 0) end
        return math.tointeger(a / b) or a / b
    end,
    ["<"] = function(a, b) return a < b and 1 or 0 end,
    [">"] = function(a, b) return a > b and 1 or 0 end,
    ["<="] = function(a, b) return a <= b and 1 or 0 end,
    [">="] = function(a, b) return a >= b and 1 or 0 end,
    ["=="] = function(a, b) return a == b and 1 or 0 end,
}

function evaluate(node, scope)
    local op = node.op
    if op == "number" then return node.value end
    if op == "name" then
        return scope[node.name] or error(("column %d: '%s' is not set"):format(node.at, node.name), 0)
    end
    if op == "=" then
        scope[node[1].name] = evaluate(node[2], scope)
        return scope[node[1].name]
    end
    if op == "?" then return evaluate(node[evaluate(node[1], scope) ~= 0 and 2 or 3], scope) end
    if op == "!" then return factorial(evaluate(node[1], scope)) end
    if op == "prefix-" then return -evaluate(node[1], scope) end
    if op == "prefix+" then return evaluate(node[1], scope) end
    if op == "call" then
        local f = FUNCTIONS[node.name] or error(("column %d: no function '%s'"):format(node.at, node.name), 0)
        local values = {}
        for i, argument in ipairs(node.args) do values[i] = evaluate(argument, scope) end
        return f(table.unpack(values))
    end
    return OPERATORS[op](evaluate(node[1], scope), evaluate(node[2], scope))
end

local SHEET = {
    { "1 + 2 * 3", 7 },
    { "(1 + 2) * 3", 9 },
    { "2 ^ 3 ^ 2", 512 },
    { "-2 ^ 2", -4 },
    { "7 / 2 + 8 / 4", 5.5 },
    { "10 - 4 - 3", 3 },
    { "17 % 5 * 2", 4 },
    { "20! / 18!", 380 },
    { "net = 1299.90", 1299.9 },
    { "vat = round(net * 0.19, 2)", 246.98 },
    { "gross = net + vat", 1546.88 },
    { "rate = gross > 1000 ? 3.5 : 4.25", 3.5 },
    { "months = 24", 24 },
    { "r = rate / 100 / 12", 3.5 / 1200 },
    { "round(gross * r / (1 - (1 + r) ^ -months), 2)", 66.83 },
    { "a = b = 3 * max(1, 2, 0)", 6 },
    { "sqrt(a ^ 2 + (b + 2) ^ 2)", 10 },
    { "sum(1, 2, sum(3, 4), abs(-5))", 15 },
    { "1 < 2 == 3 >= 3", 1 },
    { "9007199254740993 + 0", 9007199254740993 },
}

local scope = {}
for _, row in ipairs(SHEET) do
    local formula, wanted = row[1], row[2]
    local value = evaluate(parse(formula), scope)
    assert(value == wanted or math.abs(value - wanted) < 1e-9, formula .. " gave " .. value)
    print(("%-46s = %s"):format(formula, math.type(value) == "integer" and value or ("%.10g"):format(value)))
end
assert(math.type(evaluate(parse("6 / 3"), scope)) == "integer")

for formula, message in pairs {
    ["1 +"] = "column 4: a value expected",
    ["(1 + 2"] = "column 7: ')' expected",
    ["2 $ 3"] = "column 3: unexpected '$'",
    ["1 / (3 - 3)"] = "division by zero",
    ["q + 1"] = "column 1: 'q' is not set",
    ["2 = 3"] = "column 3: only a name can be set",
    ["cube(2)"] = "column 1: no function 'cube'",
    ["1 2"] = "column 3: 'end' expected",
    ["2.5!"] = "factorial of 2.5",
} do
    local ok, err = pcall(function() return evaluate(parse(formula), {}) end)
    assert(not ok and err == message, err)
end
return scope.gross
