-- Endless loop: a worker that catches every error and starts again, the deadline's error too.
-- expect: time_limit
-- output: working

local function work()
    local x = 0
    while true do x = (x * 31 + 7) % 1000003 end
end

local function retry(message)
    return message
end

print("working")
while true do
    pcall(work)
    xpcall(work, retry)
    pcall(coroutine.wrap(work))
end
