-- Sorting: a quicksort in Lua, and table.sort with and without a comparison (array access, calls from C to Lua).
-- usage: sorting.lua [count = 170000]

local count = tonumber(... or 170000)

local state = 42
local function random()
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return state >> 4
end

local function quicksort(list, low, high)
    while high - low > 12 do
        local middle = (low + high) // 2
        if list[middle] < list[low] then list[middle], list[low] = list[low], list[middle] end
        if list[high] < list[middle] then list[high], list[middle] = list[middle], list[high] end
        if list[middle] < list[low] then list[middle], list[low] = list[low], list[middle] end
        local pivot, i, j = list[middle], low, high
        while i <= j do
            while list[i] < pivot do i = i + 1 end
            while pivot < list[j] do j = j - 1 end
            if i <= j then
                list[i], list[j] = list[j], list[i]
                i, j = i + 1, j - 1
            end
        end
        if j - low < high - i then
            quicksort(list, low, j)
            low = i
        else
            quicksort(list, i, high)
            high = j
        end
    end
    for i = low + 1, high do
        local value, j = list[i], i - 1
        while j >= low and list[j] > value do
            list[j + 1] = list[j]
            j = j - 1
        end
        list[j + 1] = value
    end
end

local function checksum(list, key)
    local sum = 0
    for i = 1, #list, 101 do sum = (sum * 31 + (key and list[i][key] or list[i])) % 1000000007 end
    return sum
end

local numbers, copy, records, words = {}, {}, {}, {}
for i = 1, count do
    numbers[i] = random()
    copy[i] = numbers[i]
end
for i = 1, count // 3 do
    records[i] = { key = numbers[i] % 1000, number = i }
    words[i] = ("w%07d"):format(numbers[i] % 9999991)
end
quicksort(numbers, 1, #numbers)
table.sort(copy)
table.sort(records, function(a, b)
    if a.key ~= b.key then return a.key < b.key end
    return a.number < b.number
end)
table.sort(words)
for i = 1, count do assert(numbers[i] == copy[i]) end
print(("sorting %d: %d %d %s"):format(count, checksum(numbers), checksum(records, "number"), words[#words // 2]))
