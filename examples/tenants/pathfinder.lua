-- Path finder: A* with a binary heap on a map with walls, swamp and roads; the answer is checked against Dijkstra.
-- expect: ok
-- output: cost 110, 60 steps

local MAP = [[
########################################
#S    #        ~~~~~~      #           #
#     #   ##   ~~~~~~  ##  #   #####   #
#  #  #   ##   ~~~~~~  ##  #   #   #   #
#  #      ##           ##      # = #   #
#  ####   ###########  ##  #   # = #   #
#     #         #      ##  #     = #   #
####  #  ~~~~   #  ##  ##  #   # = #   #
#        ~~~~   #  ##      #   # = #   #
#  #######~~    #  #########   # = #   #
#  #     #~~       #           # =     #
#  #  #  ####################  # ==== =#
#     #                        #     =G#
########################################
]]

local COST = { [" "] = 2, ["~"] = 6, ["="] = 1, ["S"] = 2, ["G"] = 2 }

-- A binary heap of nodes, smallest priority first.
local Heap = {}
Heap.__index = Heap

function Heap.new() return setmetatable({ n = 0 }, Heap) end

function Heap:push(node, priority)
    local i = self.n + 1
    self.n = i
    while i > 1 and self[i // 2].priority > priority do
        self[i], i = self[i // 2], i // 2
    end
    self[i] = { node = node, priority = priority }
end

function Heap:pop()
    if self.n == 0 then return nil end
    local top, last = self[1], self[self.n]
    self[self.n], self.n = nil, self.n - 1
    local i, n = 1, self.n
    while n > 0 do
        local child = 2 * i
        if child < n and self[child + 1].priority < self[child].priority then child = child + 1 end
        if child > n or self[child].priority >= last.priority then
            self[i] = last
            break
        end
        self[i], i = self[child], child
    end
    return top.node, top.priority
end

local function parse(text)
    local map = { width = text:find("\n") - 1, cells = {} }
    for row in text:gmatch("[^\n]+") do
        assert(#row == map.width, "rows differ in length")
        for c in row:gmatch(".") do
            map.cells[#map.cells + 1] = c
            if c == "S" then map.start = #map.cells elseif c == "G" then map.goal = #map.cells end
        end
    end
    return map
end

local function search(map, estimate)
    local cells, width, goal = map.cells, map.width, map.goal
    local best, from, closed, open, visited = { [map.start] = 0 }, {}, {}, Heap.new(), 0
    open:push(map.start, 0)
    for here in Heap.pop, open do
        if here == goal then break end
        if not closed[here] then
            closed[here], visited = true, visited + 1
            for _, offset in ipairs { 1, -1, width, -width } do
                local there = here + offset
                local cost = COST[cells[there]]
                local total = cost and best[here] + cost
                if total and total < (best[there] or math.huge) then
                    best[there], from[there] = total, here
                    open:push(there, total + estimate(there, goal, width))
                end
            end
        end
    end
    if not best[goal] then return nil, visited end
    local path, at = {}, goal
    while at do
        table.insert(path, 1, at)
        at = from[at]
    end
    return { cost = best[goal], path = path }, visited
end

-- The cheapest ground costs one, so the Manhattan distance never says too much.
local function manhattan(a, b, width)
    a, b = a - 1, b - 1
    return math.abs(a % width - b % width) + math.abs(a // width - b // width)
end

local function nothing() return 0 end

local function draw(map, path)
    local cells = table.move(map.cells, 1, #map.cells, 1, {})
    for i = 2, #path - 1 do cells[path[i]] = "." end
    local rows = {}
    for i = 1, #cells, map.width do rows[#rows + 1] = table.concat(cells, "", i, i + map.width - 1) end
    return table.concat(rows, "\n")
end

local map = parse(... or MAP)
local answer, visited = search(map, manhattan)
local plain, visited_plain = search(map, nothing)
print(("cost %d, %d steps"):format(answer.cost, #answer.path - 1))
print(draw(map, answer.path))
print(("A* looked at %d places, Dijkstra at %d"):format(visited, visited_plain))

assert(answer.cost == plain.cost and visited <= visited_plain)
local total = 0
for i = 2, #answer.path do
    total = total + COST[map.cells[answer.path[i]]]
    assert(manhattan(answer.path[i - 1], answer.path[i], map.width) == 1)
end
assert(total == answer.cost)
assert(search(parse("#####\n#S#G#\n#####"), manhattan) == nil, "no way is an answer too")

local heap, last = Heap.new(), -1
for i = 1, 100 do heap:push(i, i * 37 % 101) end
for _ = 1, 100 do
    local _, priority = heap:pop()
    assert(priority > last)
    last = priority
end
assert(heap:pop() == nil)
return answer.cost
