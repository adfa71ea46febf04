-- Matrix: multiplication, transposition and elimination of dense matrices as tables of rows (floats, nested tables).
-- usage: matrix.lua [size = 210]

local size = tonumber(... or 210)

local state = 1
local function random()
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) / 0x7fffff - 0.5
end

local function generate(n)
    local m = {}
    for i = 1, n do
        local row = {}
        for j = 1, n do row[j] = random() end
        row[i] = row[i] + n
        m[i] = row
    end
    return m
end

local function transpose(m)
    local t = {}
    for i = 1, #m[1] do
        local row = {}
        for j = 1, #m do row[j] = m[j][i] end
        t[i] = row
    end
    return t
end

local function multiply(a, b)
    local product, columns = {}, transpose(b)
    for i = 1, #a do
        local row, out = a[i], {}
        for j = 1, #columns do
            local column, sum = columns[j], 0.0
            for k = 1, #row do sum = sum + row[k] * column[k] end
            out[j] = sum
        end
        product[i] = out
    end
    return product
end

-- Gauss and Jordan with partial pivoting; the matrix becomes the identity, the other its inverse.
local function invert(m)
    local n, inverse = #m, {}
    local work = {}
    for i = 1, n do
        work[i], inverse[i] = table.move(m[i], 1, n, 1, {}), {}
        for j = 1, n do inverse[i][j] = i == j and 1.0 or 0.0 end
    end
    for c = 1, n do
        local pivot = c
        for r = c + 1, n do
            if math.abs(work[r][c]) > math.abs(work[pivot][c]) then pivot = r end
        end
        work[c], work[pivot], inverse[c], inverse[pivot] = work[pivot], work[c], inverse[pivot], inverse[c]
        local row, right, scale = work[c], inverse[c], 1.0 / work[c][c]
        for j = 1, n do row[j], right[j] = row[j] * scale, right[j] * scale end
        for r = 1, n do
            local factor = work[r][c]
            if r ~= c and factor ~= 0.0 then
                local other, other_right = work[r], inverse[r]
                for j = c, n do other[j] = other[j] - factor * row[j] end
                for j = 1, n do other_right[j] = other_right[j] - factor * right[j] end
            end
        end
    end
    return inverse
end

local a, b = generate(size), generate(size)
local product = multiply(a, b)
local trace, sum = 0.0, 0.0
for i = 1, size do
    trace = trace + product[i][i]
    for j = 1, size do sum = sum + product[i][j] end
end

local half = size // 2
local small = generate(half)
local identity, worst = multiply(small, invert(small)), 0.0
for i = 1, half do
    for j = 1, half do worst = math.max(worst, math.abs(identity[i][j] - (i == j and 1 or 0))) end
end
assert(worst < 1e-9, "the inverse is not one")
print(("matrix %d: trace %.6f, sum %.6f"):format(size, trace, sum))
