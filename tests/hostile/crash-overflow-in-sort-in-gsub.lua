-- The stacks end inside a metamethod inside table.sort inside gsub inside a coroutine, and in the handlers of that
-- expect: ok
-- time: 20000 ms
local depth
local function fall(n)
    depth = n
    local t = setmetatable({}, { __index = function(_, k) return fall(n + 1) end, __lt = function(a, b) return fall(n + 1) end })
    return (("ab"):gsub(".", function()
        local list = { t, setmetatable({}, getmetatable(t)), setmetatable({}, getmetatable(t)) }
        table.sort(list)
        return list[1].x
    end))
end
local function handler(m) return select(2, pcall(fall, 1)) end
for _, way in ipairs({
    function() return pcall(fall, 1) end,
    function() return xpcall(fall, handler, 1) end,
    function() return coroutine.resume(coroutine.create(fall), 1) end,
    function() return pcall(coroutine.wrap(function() return fall(1) end)) end,
    function() local function lua(n) if n == 0 then return (fall(1)) end return (lua(n - 1)) end return pcall(lua, 150000) end,
    function() local function into(n) if n == 0 then return fall(1) end local x <close> = setmetatable({}, { __close = function() pcall(fall, 1) end }) into(n - 1) end return pcall(into, 30) end,
}) do
    local ok, message = way()
    if ok then return "ESCAPED: there was no end" end
    if type(message) == "string" and not message:find("overflow", 1, true) and not message:find("error in error handling", 1, true) and not message:find("not enough memory", 1, true) then return "ESCAPED: " .. message end
end
return depth > 5 and "HELD" or "ESCAPED"
