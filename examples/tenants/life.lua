-- Game of life: a glider gun on a torus, an R-pentomino and a blinker, with known populations.
-- expect: ok
-- output: generation 0: 36 cells

local GUN = [[
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................
]]

local Board = {}
Board.__index = Board

function Board.new(width, height)
    local cells = {}
    for i = 1, width * height do cells[i] = 0 end
    return setmetatable({ width = width, height = height, cells = cells, generation = 0 }, Board)
end

function Board:put(pattern, x, y)
    for row in pattern:gmatch("[^\n]+") do
        for i = 1, #row do
            local index = (y % self.height) * self.width + (x + i - 1) % self.width + 1
            if row:sub(i, i) == "O" then self.cells[index] = 1 end
        end
        y = y + 1
    end
    return self
end

function Board:step()
    local width, height, cells, new = self.width, self.height, self.cells, {}
    for y = 0, height - 1 do
        local up, here, down = (y - 1) % height * width, y * width, (y + 1) % height * width
        -- Three column sums slide along the row: left, middle, right.
        local left = cells[up + width] + cells[here + width] + cells[down + width]
        local middle = cells[up + 1] + cells[here + 1] + cells[down + 1]
        for x = 1, width do
            local next_x = x < width and x + 1 or 1
            local right = cells[up + next_x] + cells[here + next_x] + cells[down + next_x]
            local alive = cells[here + x]
            local around = left + middle + right - alive
            new[here + x] = (around == 3 or around == 2 and alive == 1) and 1 or 0
            left, middle = middle, right
        end
    end
    self.cells, self.generation = new, self.generation + 1
end

function Board:run(generations)
    for _ = 1, generations do self:step() end
    return self
end

function Board:population()
    local n = 0
    for _, cell in ipairs(self.cells) do n = n + cell end
    return n
end

function Board:__tostring()
    local rows = {}
    for y = 0, self.height - 1 do
        local row = table.concat(self.cells, "", y * self.width + 1, (y + 1) * self.width)
        rows[#rows + 1] = row:gsub("[01]", { ["0"] = ".", ["1"] = "O" })
    end
    return table.concat(rows, "\n")
end

local gun = Board.new(40, 16):put(GUN, 1, 1)
print("generation 0: " .. gun:population() .. " cells")
gun:run(30)
print(("generation %d: %d cells"):format(gun.generation, gun:population()))
print(gun)
assert(gun:population() == 41, "after 30 generations the gun is itself again, plus one glider of five")

local blinker = Board.new(5, 5):put("OOO", 1, 2)
local before = tostring(blinker)
assert(tostring(blinker:run(1)) ~= before and tostring(blinker:run(1)) == before)

local glider = Board.new(8, 8):put(".O.\n..O\nOOO", 0, 0)
before = tostring(glider)
assert(tostring(glider:run(32)) == before, "a glider is home after four times round eight cells")

local pentomino = Board.new(16, 16):put(".OO\nOO.\n.O.", 6, 6)
local counts = {}
for i = 0, 9 do
    counts[i + 1] = pentomino:population()
    pentomino:step()
end
assert(table.concat(counts, " ") == "5 6 7 9 8 9 12 11 18 11")
return gun:population()
