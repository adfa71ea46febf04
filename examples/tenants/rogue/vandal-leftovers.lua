-- Vandal: leaves state behind everywhere it can be left: in loaded modules, closures, weak tables, coroutines and the seed.
-- expect: ok
-- output: left 6 things behind

local left = 0
local function leave(where, how)
    local ok = pcall(how)
    if ok then left = left + 1 end
    return where, ok
end

-- In what `require` would return to the next one, where there is one.
if package and package.loaded then pcall(function() package.loaded.string = { format = "pwned" } end) end
if require then pcall(require, "string") end

-- In globals that look like a library's private state.
leave("global", function() _G.__cache = { token = "hunter2" } end)
leave("library", function() string.__cache = { token = "hunter2" } end)

-- In a suspended coroutine that still waits, and a closure that keeps a large table alive.
leave("coroutine", function()
    local thread = coroutine.wrap(function(...)
        while true do coroutine.yield(...) end
    end)
    thread("hunter2")
    math.waiting = thread
end)
leave("closure", function()
    local hoard = {}
    for i = 1, 5000 do hoard[i] = { "hunter2", i } end
    table.hoard = function() return hoard end
end)

-- In weak tables and in objects keyed by functions.
leave("weak table", function()
    local registry = setmetatable({}, { __mode = "k" })
    registry[print], registry[string.format] = "host function", "library function"
    coroutine.registry = registry
end)

-- In the random generator: the next tenant's dice would be known.
leave("seed", function() math.randomseed(42) end)

print(("left %d things behind"):format(left))
return left
