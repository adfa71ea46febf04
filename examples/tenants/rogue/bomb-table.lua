-- Memory bomb: a "cache" that forgets nothing, table by table, until there is no memory left.
-- expect: memory_limit
-- output: filling the cache

print("filling the cache")

local cache = {}

local function remember(key)
    cache[#cache + 1] = { key = key, list = { key, key + 1, key + 2 }, by_name = { ["entry " .. key] = true } }
end

local i = 0
while true do
    i = i + 1
    remember(i)
end
