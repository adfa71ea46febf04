-- Memory bomb: closures and coroutines that hold each other, as an event loop that is never drained would.
-- expect: memory_limit

local handlers = {}

local function subscribe(previous)
    local state = { previous = previous }
    handlers[#handlers + 1] = function() return state end
    local waiter = coroutine.create(function() return coroutine.yield(state) end)
    coroutine.resume(waiter)
    state.waiter = waiter
    return state
end

local last
while true do last = subscribe(last) end
