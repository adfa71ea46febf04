-- Runtime error: raised in a coroutine, passed on through coroutine.wrap, with a finished close variable on the way.
-- expect: runtime_error
-- output: 1
-- output: 2
-- output: closed

local function producer()
    return coroutine.wrap(function()
        for i = 1, 3 do
            if i == 3 then error("the source ran dry") end
            coroutine.yield(i)
        end
    end)
end

do
    local guard <close> = setmetatable({}, { __close = function() print("closed") end })
    for value in producer() do print(value) end
end
