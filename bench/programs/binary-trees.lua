-- Binary trees: builds and walks many short-lived trees beside one long-lived (allocation, collection, recursion).
-- usage: binary-trees.lua [depth = 15]

local depth = tonumber(... or 15)

local function build(d)
    if d == 0 then return {} end
    return { build(d - 1), build(d - 1) }
end

local function count(tree)
    if not tree[1] then return 1 end
    return 1 + count(tree[1]) + count(tree[2])
end

local kept = build(depth)
local total = 0
for d = 4, depth, 2 do
    local times = 1 << (depth - d + 2)
    local nodes = 0
    for _ = 1, times do nodes = nodes + count(build(d)) end
    total = total + nodes
end
print(("binary-trees %d: %d nodes, %d kept"):format(depth, total, count(kept)))
