-- K-nucleotide: counts all subsequences of several lengths in a generated DNA string (short strings, hash tables).
-- usage: k-nucleotide.lua [length = 150000]

local length = tonumber(... or 150000)

local state = 42
local function random(limit)
    state = (state * 3877 + 29573) % 139968
    return state * limit // 139968
end

local function generate(n)
    local letters, parts, run = { "a", "c", "g", "t", "a", "t" }, {}, {}
    for i = 1, n do
        run[#run + 1] = letters[random(6) + 1]
        if #run == 60 or i == n then
            parts[#parts + 1] = table.concat(run)
            run = {}
        end
    end
    return table.concat(parts)
end

local function count(text, size)
    local counts = {}
    for i = 1, #text - size + 1 do
        local key = text:sub(i, i + size - 1)
        counts[key] = (counts[key] or 0) + 1
    end
    return counts
end

local function ranking(counts, limit)
    local keys = {}
    for key in pairs(counts) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b)
        if counts[a] ~= counts[b] then return counts[a] > counts[b] end
        return a < b
    end)
    for i = 1, math.min(limit, #keys) do keys[i] = keys[i] .. " " .. counts[keys[i]] end
    return table.concat(keys, ", ", 1, math.min(limit, #keys))
end

local dna = generate(length)
local one, two = count(dna, 1), count(dna, 2)
local distinct = {}
for i, size in ipairs { 3, 4, 6, 9 } do
    local n, squares = 0, 0
    for _, c in pairs(count(dna, size)) do
        n, squares = n + 1, squares + c * c
    end
    distinct[i] = ("%d:%d/%d"):format(size, n, squares)
end
print(("k-nucleotide %d: %s; %s"):format(length, ranking(one, 4), ranking(two, 3)))
print(table.concat(distinct, " "))
