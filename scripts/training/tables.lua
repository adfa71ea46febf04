-- Tables: counting by name, sets, sparse keys, keys that come and go, records sorted and grouped, a graph, copies, holes.

local state = 42
local function draw(n)
    state = (state * 48271) % 2147483647
    return state % n + 1
end

local names = {}
for i = 1, 400 do names[i] = "customer" .. i end

local counts = {}
for _ = 1, 40000 do
    local name = names[draw(400)]
    counts[name] = (counts[name] or 0) + 1
end
local total = 0
for _, n in pairs(counts) do total = total + n end
assert(total == 40000)

local sparse = {}
for i = 1, 8000 do sparse[i * 1000003 % 65537] = i end
local found = 0
for i = 1, 65536 do
    if sparse[i] then found = found + 1 end
end
assert(found == 8000)

local cache, order = {}, {}
for i = 1, 20000 do
    local key = draw(3000)
    if not cache[key] then
        cache[key] = { key = key, at = i }
        order[#order + 1] = key
        if #order > 200 then cache[table.remove(order, 1)] = nil end
    end
end

local records = {}
for i = 1, 3000 do
    records[i] = { id = i, name = names[draw(400)], price = draw(10000) / 100, sold = draw(2) == 1, tags = { "a", "b" } }
end
table.sort(records, function(a, b)
    if a.price ~= b.price then return a.price < b.price end
    return a.id < b.id
end)
local groups = {}
for _, record in ipairs(records) do
    local group = groups[record.name]
    if not group then
        group = { count = 0, sum = 0.0, records = {} }
        groups[record.name] = group
    end
    group.count = group.count + 1
    group.sum = group.sum + (record.sold and record.price or 0)
    table.insert(group.records, record)
end
local keys = {}
for name in pairs(groups) do keys[#keys + 1] = name end
table.sort(keys)
assert(#keys <= 400 and keys[1] < keys[2])

local edges = {}
for i = 1, 3000 do edges[i] = { draw(3000), draw(3000), i % 3000 + 1 } end
local distance, frontier = { [1] = 0 }, { 1 }
local head = 1
while frontier[head] do
    local node = frontier[head]
    head = head + 1
    for _, to in ipairs(edges[node]) do
        if not distance[to] then
            distance[to] = distance[node] + 1
            frontier[#frontier + 1] = to
        end
    end
end
assert(#frontier == 3000)

local function copy(value)
    if type(value) ~= "table" then return value end
    local to = {}
    for k, v in pairs(value) do to[k] = copy(v) end
    return to
end
for _ = 1, 3 do assert(#copy(records) == 3000) end

for _ = 1, 300 do
    local list = table.move(records, 1, 40, 1, {})
    for i = 1, 40, 2 do list[i] = nil end
    local left = 0
    for _ in next, list do left = left + 1 end
    assert(left == 20)
end
