-- Functions: recursion, closures, upvalues, varargs, protected calls, coroutines, iterators.

local function ackermann(m, n)
    if m == 0 then return n + 1 end
    if n == 0 then return ackermann(m - 1, 1) end
    return ackermann(m - 1, ackermann(m, n - 1))
end

local function hanoi(n, from, to, over, moves)
    if n == 0 then return moves end
    moves = hanoi(n - 1, from, over, to, moves)
    return hanoi(n - 1, over, to, from, moves + 1)
end

local function counter(by)
    local n = 0
    return function()
        n = n + by
        return n
    end, function() n = 0 end
end

local function compose(f, g)
    return function(...) return f(g(...)) end
end

local function sum(...)
    local total = 0
    for i = 1, select("#", ...) do total = total + (select(i, ...)) end
    return total
end

local function collect(...)
    local list = { ... }
    return #list, table.unpack(list)
end

local function memoized(f)
    local known = {}
    return function(n)
        local value = known[n]
        if value == nil then
            value = f(n)
            known[n] = value
        end
        return value
    end
end

local function range(from, to)
    return function(_, i)
        if i < to then return i + 1 end
    end, nil, from - 1
end

local function walk(tree)
    if tree then
        walk(tree[1])
        coroutine.yield(tree[2])
        walk(tree[3])
    end
end
local function grow(low, high)
    if low > high then return nil end
    local middle = (low + high) // 2
    return { grow(low, middle - 1), middle, grow(middle + 1, high) }
end

local function fails(i)
    if i % 3 == 0 then error("third") end
    if i % 3 == 1 then error({ code = i }) end
    return i
end

assert(ackermann(2, 120) == 243)
assert(hanoi(14, 1, 3, 2, 0) == 16383)

local next_count, restart = counter(3)
for i = 1, 40000 do
    if next_count() > 300 then restart() end
end

local bump = compose(function(a, b) return a + (b or 1) end, function(x, y) return x, y end)
local value = 0
for i = 1, 20000 do value = bump(value, i % 2) end
assert(value == 10000)

for i = 1, 8000 do
    assert(sum(i, 2, 3, 4) == i + 9)
    local n, first = collect(i, "x", nil, 4)
    assert(n == 4 and first == i)
end

local fibonacci
fibonacci = memoized(function(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end)
for _ = 1, 2000 do assert(fibonacci(60) == 1548008755920) end

local steps = 0
for i in range(1, 40000) do steps = steps + i % 2 end
assert(steps == 20000)

local tree, expected = grow(1, 3000), 0
for key in coroutine.wrap(function() walk(tree) end) do
    expected = expected + 1
    assert(key == expected)
end

local good, texts = 0, 0
for i = 1, 6000 do
    local ok, message = pcall(fails, i)
    if ok then good = good + 1 elseif type(message) == "string" then texts = texts + 1 end
end
assert(good == 2000 and texts == 2000)
