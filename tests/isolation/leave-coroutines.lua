-- Coroutines in every state: suspended, dead, wrapped, with variables to be closed, with deep stacks
kept = {}
local function deep(n)
    if n == 0 then
        return coroutine.yield("was here")
    end
    return 1 + deep(n - 1)
end
for i = 1, 200 do
    local co = coroutine.create(function()
        local guard <close> = setmetatable({}, { __close = function() message = "was here" end })
        return deep(i)
    end)
    coroutine.resume(co)
    if i % 3 == 0 then
        coroutine.close(co)
    end
    kept[i] = co
    kept[-i] = coroutine.wrap(deep)
    pcall(kept[-i], i)
end
