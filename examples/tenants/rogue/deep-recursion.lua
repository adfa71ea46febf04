-- Runtime error: a walk to the root of a tree that has become a ring; the script's stack overflows, not the host's.
-- expect: runtime_error|memory_limit
-- output: home/lua/src

local function path(node, ...)
    if not node then return table.concat({ ... }, "/") end
    local text = path(node.parent, node.name, ...)
    return text
end

local home = { name = "home" }
local lua = { name = "lua", parent = home }
local src = { name = "src", parent = lua }
print(path(src))
home.parent = src
print(path(src))
