-- Spreadsheet: formulas with ranges and functions; recalculates only what depends on a change, and finds circles.
-- expect: ok
-- output:         A          B          C          D          E

-- A formula becomes a Lua function through `load`; its cells are found on the way, which gives the dependencies.

local SHEET = {
    A1 = "Item", B1 = "Qty", C1 = "Price", D1 = "Total", E1 = "Share",
    A2 = "Bolts", B2 = 400, C2 = 0.12, D2 = "=B2*C2", E2 = "=D2/D$7",
    A3 = "Plates", B3 = 36, C3 = 7.5, D3 = "=B3*C3", E3 = "=D3/D7",
    A4 = "Motors", B4 = 4, C4 = 89.9, D4 = "=B4*C4", E4 = "=D4/D7",
    A5 = "Cables", B5 = 25, C5 = 3.2, D5 = "=B5*C5", E5 = "=D5/D7",
    A6 = "Shipping", D6 = "=IF(SUM(B2:B5) > 400, 49, 19)", E6 = "=D6/D7",
    A7 = "Sum", B7 = "=SUM(B2:B5)", C7 = "=ROUND(AVERAGE(C2:C5), 2)", D7 = "=SUM(D2:D6)", E7 = "=SUM(E2:E6)",
    A8 = "Largest", D8 = "=MAX(D2:D6)", E8 = "=COUNT(A1:E7)",
}

local function column_name(n) return string.char(64 + n) end

local function range(from, to)
    local c1, r1 = from:match("(%u)(%d+)")
    local c2, r2 = to:match("(%u)(%d+)")
    local list = {}
    for r = tonumber(r1), tonumber(r2) do
        for c = c1:byte(), c2:byte() do list[#list + 1] = string.char(c) .. r end
    end
    return list
end

-- What a formula may use; values arrive flattened, text and empty cells are skipped.
local function numbers(...)
    local list = {}
    for _, v in ipairs { ... } do
        if type(v) == "table" then
            for _, n in ipairs(numbers(table.unpack(v))) do list[#list + 1] = n end
        elseif type(v) == "number" then
            list[#list + 1] = v
        end
    end
    return list
end

local functions = {}

function functions.SUM(...)
    local total = 0
    for _, n in ipairs(numbers(...)) do total = total + n end
    return total
end

function functions.COUNT(...) return #numbers(...) end
function functions.AVERAGE(...) return functions.SUM(...) / functions.COUNT(...) end
function functions.MAX(...) return math.max(table.unpack(numbers(...))) end
function functions.MIN(...) return math.min(table.unpack(numbers(...))) end
function functions.IF(condition, yes, no) if condition then return yes end return no end

function functions.ROUND(x, digits)
    local scale = 10.0 ^ (digits or 0)
    return math.floor(x * scale + 0.5) / scale
end

local Sheet = {}
Sheet.__index = Sheet

function Sheet.new(cells)
    local self = setmetatable({ source = {}, formula = {}, needs = {}, users = {}, value = {}, evaluated = 0 }, Sheet)
    for name, source in pairs(cells) do self:define(name, source) end
    self:recalculate(self.source)
    return self
end

function Sheet:compile(name, source)
    local needs, code = {}, source:sub(2):gsub("%$", "")
    code = code:gsub("(%u%d+):(%u%d+)", function(from, to)
        local parts = range(from, to)
        for i, cell in ipairs(parts) do
            needs[cell] = true
            parts[i] = "item('" .. cell:lower() .. "')"
        end
        return "{" .. table.concat(parts, ",") .. "}"
    end)
    code = code:gsub("%f[%w]%u%d+%f[%W]", function(cell)
        needs[cell] = true
        return "cell('" .. cell:lower() .. "')"
    end)
    -- An empty cell is zero by itself and nothing in a range.
    local scope = setmetatable({}, { __index = functions })
    function scope.cell(lower) return self.value[lower:upper()] or 0 end
    function scope.item(lower) return self.value[lower:upper()] or "" end
    return assert(load("return " .. code, "=" .. name, "t", scope)), needs
end

function Sheet:define(name, source)
    for cell in pairs(self.needs[name] or {}) do self.users[cell][name] = nil end
    self.source[name], self.formula[name], self.needs[name] = source, nil, {}
    if type(source) == "string" and source:sub(1, 1) == "=" then
        self.formula[name], self.needs[name] = self:compile(name, source)
        for cell in pairs(self.needs[name]) do
            self.users[cell] = self.users[cell] or {}
            self.users[cell][name] = true
        end
    else
        self.value[name] = source
    end
end

-- Evaluates the given cells and all that use them, each once, after what it needs.
function Sheet:recalculate(names)
    local dirty, state = {}, {}
    local function mark(name)
        if dirty[name] then return end
        dirty[name] = true
        for user in pairs(self.users[name] or {}) do mark(user) end
    end
    for name in pairs(names) do mark(name) end
    local function visit(name)
        if state[name] == "done" or not dirty[name] then return end
        if state[name] == "open" then error("circle through " .. name, 0) end
        state[name] = "open"
        local needed = {}
        for cell in pairs(self.needs[name] or {}) do needed[#needed + 1] = cell end
        table.sort(needed)
        for _, cell in ipairs(needed) do visit(cell) end
        if self.formula[name] then
            local ok, value = pcall(self.formula[name])
            self.value[name] = ok and value or "#ERROR"
            self.evaluated = self.evaluated + 1
        end
        state[name] = "done"
    end
    local order = {}
    for name in pairs(dirty) do order[#order + 1] = name end
    table.sort(order)
    for _, name in ipairs(order) do visit(name) end
end

function Sheet:set(name, source)
    local before = self.source[name]
    self:define(name, source)
    local ok, err = pcall(self.recalculate, self, { [name] = true })
    if ok then return end
    self:define(name, before)
    self:recalculate { [name] = true }
    error(err, 0)
end

function Sheet:print(columns, rows)
    local line = {}
    for c = 1, columns do line[c] = ("%9s"):format(column_name(c)) end
    print(table.concat(line, "  "))
    for r = 1, rows do
        for c = 1, columns do
            local value = self.value[column_name(c) .. r]
            local kind = math.type(value)
            line[c] = kind == "float" and ("%9.2f"):format(value) or ("%9s"):format(value == nil and "" or value)
        end
        print((table.concat(line, "  "):gsub("%s+$", "")))
    end
end

local sheet = Sheet.new(SHEET)
sheet:print(5, 8)
assert(sheet.value.D7 == 48.0 + 270.0 + 359.6 + 80.0 + 49)
assert(math.abs(sheet.value.E7 - 1) < 1e-12 and sheet.value.D8 == 359.6 and sheet.value.E8 == 22)

-- One price changes: its total, the sums, the shares and the largest follow, and nothing else is computed.
sheet.evaluated = 0
sheet:set("C4", 100)
print(("C4 = 100: sum %.2f, %d formulas computed"):format(sheet.value.D7, sheet.evaluated))
assert(sheet.value.D4 == 400 and sheet.value.D7 == 847.0 and sheet.evaluated == 11)

-- A circle is refused and leaves the sheet as it was.
local ok, err = pcall(sheet.set, sheet, "B2", "=E7*2")
assert(not ok and err:find("^circle through "), err)
assert(sheet.value.B2 == 400 and sheet.value.D7 == 847.0)
sheet:set("C4", "=A4*2")
assert(sheet.value.C4 == "#ERROR" and sheet.value.E4 == "#ERROR")
sheet:set("C4", 89.9)
assert(math.abs(sheet.value.D7 - 806.6) < 1e-9 and sheet.value.E4 < 1)
return sheet.value.D7
