-- Generators: pipelines of coroutines and of closures over the same data (coroutine switches, upvalues, varargs).
-- usage: generators.lua [count = 200000]

local count = tonumber(... or 200000)
local yield, wrap = coroutine.yield, coroutine.wrap

local function range(n)
    return wrap(function()
        for i = 1, n do yield(i) end
    end)
end

local function map(source, f)
    return wrap(function()
        for value in source do yield(f(value)) end
    end)
end

local function filter(source, keep)
    return wrap(function()
        for value in source do
            if keep(value) then yield(value) end
        end
    end)
end

local function compose(...)
    local functions = { ... }
    return function(...)
        local value = ...
        for _, f in ipairs(functions) do value = f(value) end
        return value
    end
end

local function adder(n) return function(x) return x + n end end
local function multiplier(n) return function(x) return x * n end end

local function fold(source, start, f)
    local value = start
    for item in source do value = f(value, item) end
    return value
end

local function mix(a, b) return (a * 31 + b) % 1000000007 end

-- One pipeline of coroutines, each value through four of them.
local piped = fold(filter(map(range(count), compose(adder(3), multiplier(7), adder(-1))),
    function(x) return x % 3 ~= 0 end), 0, mix)

-- The same with closures that call each other.
local function closure_range(n)
    local i = 0
    return function()
        i = i + 1
        if i <= n then return i end
    end
end

local function closure_map(source, f)
    return function()
        local value = source()
        if value then return f(value) end
    end
end

local called = fold(closure_map(closure_map(closure_range(count * 2), adder(1)), multiplier(5)), 0, mix)

-- Many short-lived coroutines: the leaves of trees, walked recursively.
local function leaves(tree)
    return wrap(function()
        local function walk(node)
            if type(node) ~= "table" then return yield(node) end
            walk(node[1])
            walk(node[2])
        end
        walk(tree)
    end)
end

local walked = 0
for i = 1, count // 15 do
    local tree = { { i, { i + 1, i + 2 } }, { { i + 3, i + 4 }, i + 5 } }
    for leaf in leaves(tree) do walked = mix(walked, leaf) end
end

-- Partial application with variable arguments.
local function partial(f, ...)
    local bound = table.pack(...)
    return function(...)
        local all = { table.unpack(bound, 1, bound.n) }
        for i = 1, select("#", ...) do all[bound.n + i] = (select(i, ...)) end
        return f(table.unpack(all))
    end
end

local bound, applied = partial(math.max, 10, 20), 0
for i = 1, count // 3 do applied = mix(applied, bound(i % 40, i % 50)) end

print(("generators %d: %d %d %d %d"):format(count, piped, called, walked, applied))
