-- Arrays of integers and booleans: a sieve, Collatz lengths, the longest increasing subsequence, a knapsack.

local function primes_below(n)
    local composite, count = {}, 0
    for i = 2, n do
        if not composite[i] then
            count = count + 1
            for k = i * i, n, i do composite[k] = true end
        end
    end
    return count
end

local function longest_collatz(n)
    local lengths, best, at = { 1 }, 1, 1
    for start = 2, n do
        local x, steps = start, 0
        while x >= start do
            if x % 2 == 0 then x = x // 2 else x = 3 * x + 1 end
            steps = steps + 1
        end
        local length = lengths[x] + steps
        lengths[start] = length
        if length > best then best, at = length, start end
    end
    return at
end

local function longest_increasing(list)
    local tails = {}
    for _, x in ipairs(list) do
        local low, high = 1, #tails + 1
        while low < high do
            local middle = (low + high) // 2
            if tails[middle] < x then low = middle + 1 else high = middle end
        end
        tails[low] = x
    end
    return #tails
end

local function knapsack(weights, values, room)
    local best = {}
    for w = 0, room do best[w] = 0 end
    for i = 1, #weights do
        for w = room, weights[i], -1 do
            best[w] = math.max(best[w], best[w - weights[i]] + values[i])
        end
    end
    return best[room]
end

assert(primes_below(200000) == 17984)
assert(longest_collatz(60000) == 52527)

local list, state = {}, 12345
for i = 1, 20000 do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    list[i] = state >> 8
end
local length = longest_increasing(list)
assert(length > 200 and length < 300)

local weights, values = {}, {}
for i = 1, 60 do
    weights[i], values[i] = list[i] % 40 + 5, list[i + 60] % 100
end
assert(knapsack(weights, values, 1500) <= 60 * 99)
