-- Sudoku: constraint propagation on bit sets with a search for the rest; solves three puzzles and finds a second solution.
-- expect: ok
-- output: easy: solved with 0 guesses

local PUZZLES = {
    { name = "easy", cells = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79" },
    { name = "medium", cells = "..3.2.6..9..3.5..1..18.64....81.29..7.......8..67.82....26.95..8..2.3..9..5.1.3.." },
    { name = "hard", cells = "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......" },
}

local ALL = (1 << 9) - 1

-- The cells that must differ from each cell: its row, column and box.
local PEERS = {}
for i = 0, 80 do
    local peers, row, column = {}, i // 9, i % 9
    for j = 0, 80 do
        local r, c = j // 9, j % 9
        local same_box = r // 3 == row // 3 and c // 3 == column // 3
        if j ~= i and (r == row or c == column or same_box) then peers[#peers + 1] = j + 1 end
    end
    PEERS[i + 1] = peers
end

local UNITS = {}
for i = 0, 8 do
    local row, column, box = {}, {}, {}
    for j = 0, 8 do
        row[j + 1], column[j + 1] = i * 9 + j + 1, j * 9 + i + 1
        box[j + 1] = (i // 3 * 3 + j // 3) * 9 + i % 3 * 3 + j % 3 + 1
    end
    UNITS[#UNITS + 1], UNITS[#UNITS + 2], UNITS[#UNITS + 3] = row, column, box
end

local function single(bits) return bits & (bits - 1) == 0 end

local function count(bits)
    local n = 0
    while bits ~= 0 do
        bits, n = bits & (bits - 1), n + 1
    end
    return n
end

-- Sets a cell and strikes the digit from its peers, and so on; false when a cell is left with no digit.
local function assign(grid, cell, bit)
    grid[cell] = bit
    for _, peer in ipairs(PEERS[cell]) do
        local bits = grid[peer]
        if bits & bit ~= 0 then
            local rest = bits & ~bit
            if rest == 0 then return false end
            grid[peer] = rest
            if single(rest) and not assign(grid, peer, rest) then return false end
        end
    end
    return true
end

-- A digit with one place left in a unit goes there.
local function hidden_singles(grid)
    local progress = true
    while progress do
        progress = false
        for _, unit in ipairs(UNITS) do
            local once, twice = 0, 0
            for _, cell in ipairs(unit) do
                twice = twice | once & grid[cell]
                once = once | grid[cell]
            end
            if once ~= ALL then return false end
            local only = once & ~twice
            for _, cell in ipairs(unit) do
                local bit = grid[cell] & only
                if bit ~= 0 and not single(grid[cell]) then
                    if not single(bit) or not assign(grid, cell, bit) then return false end
                    progress = true
                end
            end
        end
    end
    return true
end

local function parse(text)
    local grid = {}
    for i = 1, 81 do grid[i] = ALL end
    for i = 1, 81 do
        local digit = tonumber(text:sub(i, i))
        if digit and not assign(grid, i, 1 << (digit - 1)) then return nil end
    end
    return grid
end

local guesses = 0

-- Calls `found` with each solution, until it returns true.
local function search(grid, found)
    if not hidden_singles(grid) then return false end
    local best, fewest = nil, 10
    for i = 1, 81 do
        local n = count(grid[i])
        if n > 1 and n < fewest then
            best, fewest = i, n
            if n == 2 then break end
        end
    end
    if not best then return found(grid) end
    for digit = 0, 8 do
        local bit = 1 << digit
        if grid[best] & bit ~= 0 then
            guesses = guesses + 1
            local copy = table.move(grid, 1, 81, 1, {})
            if assign(copy, best, bit) and search(copy, found) then return true end
        end
    end
    return false
end

local function to_text(grid)
    local digits = {}
    for i, bits in ipairs(grid) do
        local digit = 1
        while bits >> digit ~= 0 do digit = digit + 1 end
        digits[i] = digit
    end
    return table.concat(digits)
end

local function solutions(text, limit)
    local list = {}
    local grid = parse(text)
    if not grid then return list end
    search(grid, function(solved)
        list[#list + 1] = to_text(solved)
        return #list >= limit
    end)
    return list
end

local function check(text)
    for _, unit in ipairs(UNITS) do
        local seen = 0
        for _, cell in ipairs(unit) do seen = seen | 1 << (tonumber(text:sub(cell, cell)) - 1) end
        assert(seen == ALL, "a unit lacks a digit")
    end
end

for _, puzzle in ipairs(PUZZLES) do
    guesses = 0
    local answer = assert(solutions(puzzle.cells, 1)[1], "no solution")
    check(answer)
    for i = 1, 81 do
        local given = puzzle.cells:sub(i, i)
        assert(given == "." or given == answer:sub(i, i))
    end
    print(("%s: solved with %d guesses"):format(puzzle.name, guesses))
    print((answer:gsub(("."):rep(9), function(row) return row:gsub("(...)", "%1 "):gsub(" $", "\n") end):gsub("\n$", "")))
    puzzle.answer = answer
end

assert(PUZZLES[1].answer:sub(1, 9) == "534678912")
assert(PUZZLES[2].answer == "483921657967345821251876493548132976729564138136798245372689514814253769695417382")
assert(PUZZLES[3].answer == "417369825632158947958724316825437169791586432346912758289643571573291684164875293")

-- Where two digits are missing everywhere they can change places; with a wrong digit there is no solution.
local solved = PUZZLES[1].answer
assert(#solutions((solved:gsub("[12]", ".")), 3) == 2)
assert(#solutions("55" .. solved:sub(3), 1) == 0)
return PUZZLES[3].answer
