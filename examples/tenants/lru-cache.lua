-- Cache simulation: FIFO, LRU, LFU and segmented LRU on the same request trace, with hit rates.
-- expect: ok
-- output: policy   size   hits  rate

-- A doubly linked list with a sentinel; every entry is also found by its key.
local List = {}
List.__index = List

function List.new()
    local self = setmetatable({ head = {}, count = 0 }, List)
    self.head.next, self.head.previous = self.head, self.head
    return self
end

function List:push(node)
    local first = self.head.next
    node.previous, node.next, node.list = self.head, first, self
    self.head.next, first.previous = node, node
    self.count = self.count + 1
end

function List:remove(node)
    node.previous.next, node.next.previous = node.next, node.previous
    node.previous, node.next, node.list = nil, nil, nil
    self.count = self.count - 1
    return node
end

function List:pop() return self.count > 0 and self:remove(self.head.previous) or nil end

local policies = {}

function policies.lru(size)
    local list, nodes = List.new(), {}
    return function(key)
        local node = nodes[key]
        if node then
            list:push(list:remove(node))
            return true
        end
        if list.count == size then nodes[list:pop().key] = nil end
        nodes[key] = { key = key }
        list:push(nodes[key])
        return false
    end
end

function policies.fifo(size)
    local queue, present, first = {}, {}, 1
    return function(key)
        if present[key] then return true end
        if #queue - first + 1 == size then
            present[queue[first]], queue[first], first = nil, false, first + 1
        end
        queue[#queue + 1], present[key] = key, true
        return false
    end
end

-- Least frequently used, with one list per count; the oldest of the rarest goes.
function policies.lfu(size)
    local nodes, lists, lowest, total = {}, {}, 1, 0
    local function place(node)
        lists[node.count] = lists[node.count] or List.new()
        lists[node.count]:push(node)
    end
    return function(key)
        local node = nodes[key]
        if node then
            node.list:remove(node)
            if lists[lowest].count == 0 then lowest = lowest + 1 end
            node.count = node.count + 1
            place(node)
            return true
        end
        if total == size then
            nodes[lists[lowest]:pop().key] = nil
            total = total - 1
        end
        node, lowest, total = { key = key, count = 1 }, 1, total + 1
        nodes[key] = node
        place(node)
        return false
    end
end

-- Two lists as in a segmented LRU: what is asked for again moves to the protected part.
function policies.slru(size)
    local probation, protected, nodes = List.new(), List.new(), {}
    local limit = size * 3 // 4
    return function(key)
        local node = nodes[key]
        if node then
            node.list:remove(node)
            protected:push(node)
            if protected.count > limit then probation:push(protected:pop()) end
            return true
        end
        if probation.count + protected.count == size then
            nodes[(probation:pop() or protected:pop()).key] = nil
        end
        nodes[key] = { key = key }
        probation:push(nodes[key])
        return false
    end
end

-- A trace: some pages are popular, and now and then somebody scans everything once.
local function trace(length)
    local state, keys = 20240309, {}
    local function random(n)
        state = (state * 1103515245 + 12345) & 0x7fffffff
        return (state >> 8) % n
    end
    while #keys < length do
        if random(200) == 0 then
            local start = random(500)
            for i = 1, 60 do keys[#keys + 1] = "page-" .. (start + i) end
        else
            keys[#keys + 1] = "page-" .. random(random(random(300) + 1) + 1)
        end
    end
    return keys
end

local function simulate(policy, size, keys)
    local ask, hits = policies[policy](size), 0
    for _, key in ipairs(keys) do
        if ask(key) then hits = hits + 1 end
    end
    return hits
end

local keys, results = trace(450), {}
print(("%-8s %4s %6s %5s"):format("policy", "size", "hits", "rate"))
for _, policy in ipairs { "fifo", "lru", "lfu", "slru" } do
    results[policy] = {}
    for _, size in ipairs { 20, 80 } do
        local hits = simulate(policy, size, keys)
        results[policy][size] = hits
        print(("%-8s %4d %6d %4.1f%%"):format(policy, size, hits, 100 * hits / #keys))
    end
    assert(results[policy][80] > results[policy][20])
end
assert(results.lru[80] > results.fifo[80], "recency helps")
assert(results.slru[20] > results.lru[20], "a scan does not empty the protected part")

-- By hand: size two, so "a" is kept and "b" goes.
local ask, seen = policies.lru(2), {}
for i, key in ipairs { "a", "b", "a", "c", "b", "c", "a" } do seen[i] = ask(key) and "hit" or "miss" end
assert(table.concat(seen, " ") == "miss miss hit miss miss hit miss")
ask = policies.lfu(2)
for i, key in ipairs { "a", "a", "b", "c", "a", "b" } do seen[i] = ask(key) and "hit" or "miss" end
assert(table.concat(seen, " ", 1, 6) == "miss hit miss miss hit miss")

-- A simple LRU that searches a list gives the same answers as the linked one.
local slow = {}
local fast, agree = policies.lru(16), 0
for i = 1, 300 do
    local hit = false
    for j, key in ipairs(slow) do
        if key == keys[i] then
            hit = true
            table.remove(slow, j)
            break
        end
    end
    if not hit and #slow == 16 then table.remove(slow) end
    table.insert(slow, 1, keys[i])
    if fast(keys[i]) == hit then agree = agree + 1 end
end
assert(agree == 300)
return results.lru[80]
