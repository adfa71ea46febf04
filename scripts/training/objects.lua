-- Objects: classes that inherit, vectors with operators, a queue by priority, balanced trees, properties computed on demand. Much
-- of it is soon garbage.

local Shape = {}
Shape.__index = Shape
function Shape.new(class, fields) return setmetatable(fields, class) end
function Shape:area() return 0 end
function Shape:grow(by)
    self.scale = (self.scale or 1) * by
    return self
end
function Shape:size() return self:area() * (self.scale or 1) end

local Box = setmetatable({}, { __index = Shape })
Box.__index = Box
function Box:area() return self.width * self.height end

local Disc = setmetatable({}, { __index = Shape })
Disc.__index = Disc
function Disc:area() return 3 * self.radius ^ 2 end

local Vector = {}
Vector.__index = Vector
local function vector(x, y) return setmetatable({ x = x, y = y }, Vector) end
function Vector.__add(a, b) return vector(a.x + b.x, a.y + b.y) end
function Vector.__mul(a, k) return vector(a.x * k, a.y * k) end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y end
function Vector.__lt(a, b) return a.x < b.x or a.x == b.x and a.y < b.y end
function Vector:__len() return self.x * self.x + self.y * self.y end
function Vector:__tostring() return "(" .. self.x .. ", " .. self.y .. ")" end

local Queue = {}
Queue.__index = Queue
function Queue.new() return setmetatable({ size = 0 }, Queue) end
function Queue:push(item, priority)
    local i = self.size + 1
    self.size = i
    while i > 1 and self[i // 2].priority > priority do
        self[i] = self[i // 2]
        i = i // 2
    end
    self[i] = { item = item, priority = priority }
end
function Queue:pop()
    local top, last = self[1], self[self.size]
    self[self.size] = nil
    self.size = self.size - 1
    local i, size = 1, self.size
    while 2 * i <= size do
        local child = 2 * i
        if child < size and self[child + 1].priority < self[child].priority then child = child + 1 end
        if self[child].priority >= last.priority then break end
        self[i] = self[child]
        i = child
    end
    if size > 0 then self[i] = last end
    return top.item, top.priority
end

-- A treap: an ordered map.
local function merge(a, b)
    if not a then return b end
    if not b then return a end
    if a.rank > b.rank then
        a.right = merge(a.right, b)
        return a
    end
    b.left = merge(a, b.left)
    return b
end
local function split(tree, key)
    if not tree then return nil, nil end
    if tree.key < key then
        local left, right = split(tree.right, key)
        tree.right = left
        return tree, right
    end
    local left, right = split(tree.left, key)
    tree.left = right
    return left, tree
end
local function insert(tree, key, rank)
    local left, right = split(tree, key)
    return merge(merge(left, { key = key, rank = rank }), right)
end
local function count(tree) return tree and count(tree.left) + 1 + count(tree.right) or 0 end

local total = 0
for i = 1, 12000 do
    local shape = i % 2 == 0 and Box:new { width = i % 7, height = i % 5 } or Disc:new { radius = i % 3 }
    total = total + shape:grow(2):size()
end
assert(total > 0)

local sum, step = vector(0, 0), vector(1, 2)
for i = 1, 12000 do
    sum = sum + step * (i % 3)
    if sum < step or sum == step then step = vector(2, 1) end
end
assert(tostring(sum):find("^%(%d+, %d+%)$") and #sum > 0)

local queue, state = Queue.new(), 1
for i = 1, 6000 do
    state = (state * 16807) % 2147483647
    queue:push(i, state)
    if i % 3 == 0 then queue:pop() end
end
local last = 0
while queue.size > 0 do
    local _, priority = queue:pop()
    assert(priority >= last)
    last = priority
end

local tree
for _ = 1, 5000 do
    state = (state * 16807) % 2147483647
    tree = insert(tree, state, (state * 31) % 65537)
end
assert(count(tree) == 5000)

local computed = 0
local lazy = setmetatable({}, {
    __index = function(t, key)
        computed = computed + 1
        local value = #key * 2
        rawset(t, key, value)
        return value
    end,
})
for i = 1, 20000 do assert(lazy["property" .. i % 50] > 0) end
assert(computed == 50)
