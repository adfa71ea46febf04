-- Scheduler: cooperative tasks on coroutines with sleep, channels and time-outs; a pipeline of workers on virtual time.
-- expect: ok
-- output: 0.000 fetcher    start

-- Time is virtual: when every task waits, the clock jumps to the next one that is due.

local Scheduler = {}
Scheduler.__index = Scheduler

function Scheduler.new() return setmetatable({ now = 0, ready = {}, sleeping = {}, tasks = 0, switches = 0, failed = {} }, Scheduler) end

function Scheduler:spawn(name, body, ...)
    local task = { name = name, thread = coroutine.create(body), arguments = table.pack(...) }
    self.ready[#self.ready + 1] = task
    self.tasks = self.tasks + 1
    return task
end

function Scheduler:wake(task, ...)
    task.arguments = table.pack(...)
    self.ready[#self.ready + 1] = task
end

local function by_time(a, b) return a.due < b.due or a.due == b.due and a.order < b.order end

function Scheduler:resume(task)
    self.switches = self.switches + 1
    self.current = task
    local ok, request, value = coroutine.resume(task.thread, table.unpack(task.arguments, 1, task.arguments.n))
    if not ok then
        self.failed[#self.failed + 1] = task.name .. ": " .. tostring(request)
        self.tasks = self.tasks - 1
    elseif coroutine.status(task.thread) == "dead" then
        self.tasks = self.tasks - 1
        task.done, task.result = true, request
    elseif request == "sleep" then
        task.due, task.order = self.now + value, self.switches
        table.insert(self.sleeping, task)
        table.sort(self.sleeping, by_time)
    end
end

-- Runs until nothing can run any more; returns the number of tasks that wait for ever.
function Scheduler:run()
    repeat
        while #self.ready > 0 do
            local batch = self.ready
            self.ready = {}
            for _, task in ipairs(batch) do self:resume(task) end
        end
        local task = table.remove(self.sleeping, 1)
        if task then
            self.now = task.due
            self:wake(task)
        end
    until #self.ready == 0
    return self.tasks
end

local function sleep(ms) coroutine.yield("sleep", ms) end

-- A channel holds up to `capacity` values; who finds it full or empty waits.
local Channel = {}
Channel.__index = Channel

function Channel.new(scheduler, capacity)
    return setmetatable({ scheduler = scheduler, capacity = capacity, items = {}, readers = {}, writers = {} }, Channel)
end

function Channel:put(value)
    while #self.items >= self.capacity and #self.readers == 0 do
        table.insert(self.writers, self.scheduler.current)
        coroutine.yield("wait")
    end
    local reader = table.remove(self.readers, 1)
    if reader then
        self.scheduler:wake(reader, true, value)
    else
        table.insert(self.items, value)
    end
end

-- Returns true and a value, or false once the channel is closed and empty.
function Channel:get()
    if #self.items > 0 then
        local value = table.remove(self.items, 1)
        local writer = table.remove(self.writers, 1)
        if writer then self.scheduler:wake(writer) end
        return true, value
    end
    if self.closed then return false end
    table.insert(self.readers, self.scheduler.current)
    return coroutine.yield("wait")
end

function Channel:close()
    self.closed = true
    for _, reader in ipairs(self.readers) do self.scheduler:wake(reader, false) end
    self.readers = {}
end

function Channel:values()
    return function()
        local ok, value = self:get()
        if ok then return value end
    end
end

local scheduler = Scheduler.new()
local function log(...)
    local task = scheduler.current
    print(("%.3f %-10s %s"):format(scheduler.now / 1000, task.name, table.concat({ ... }, " ")))
end

-- The pipeline: one fetcher, three resizers of different speed, one writer that collects.
local fetched, resized = Channel.new(scheduler, 2), Channel.new(scheduler, 4)
local written, busy = {}, { fast = 0, middle = 0, slow = 0 }
local running = 3

scheduler:spawn("fetcher", function(count)
    log("start")
    for i = 1, count do
        sleep(5)
        fetched:put { id = i, bytes = 100 + i * 37 % 50 }
    end
    fetched:close()
    log("done")
end, 24)

for _, worker in ipairs { { "fast", 8 }, { "middle", 15 }, { "slow", 40 } } do
    local name, cost = worker[1], worker[2]
    scheduler:spawn(name, function()
        for image in fetched:values() do
            sleep(cost + image.bytes // 50)
            busy[name] = busy[name] + 1
            image.worker = name
            resized:put(image)
        end
        running = running - 1
        log("idle after", busy[name], "images")
        if running == 0 then resized:close() end
    end)
end

local writer = scheduler:spawn("writer", function()
    local bytes = 0
    for image in resized:values() do
        written[#written + 1] = image.id
        bytes = bytes + image.bytes
        if #written % 8 == 0 then log("written", #written) end
    end
    return bytes
end)

scheduler:spawn("broken", function()
    sleep(50)
    error("disk is full", 0)
end)
scheduler:spawn("ticker", function()
    for _ = 1, 4 do
        sleep(40)
        log("tick")
    end
end)
local forgotten = Channel.new(scheduler, 1)
scheduler:spawn("waiter", function() forgotten:get() end)

local waiting = scheduler:run()
print(("finished at %d ms, %d switches, %d waiting for ever"):format(scheduler.now, scheduler.switches, waiting))

assert(waiting == 1 and #scheduler.failed == 1 and scheduler.failed[1] == "broken: disk is full")
assert(#written == 24 and busy.fast + busy.middle + busy.slow == 24 and busy.fast > busy.slow)
table.sort(written)
for i, id in ipairs(written) do assert(i == id) end
local bytes = 0
for i = 1, 24 do bytes = bytes + 100 + i * 37 % 50 end
assert(writer.done and writer.result == bytes)

-- Generators, chained: the first primes by sieving a stream through coroutines.
local function numbers() return coroutine.wrap(function() for i = 2, math.maxinteger do coroutine.yield(i) end end) end
local function without_multiples(source, prime)
    return coroutine.wrap(function()
        for n in source do
            if n % prime ~= 0 then coroutine.yield(n) end
        end
    end)
end
local source, primes = numbers(), {}
for i = 1, 20 do
    primes[i] = source()
    source = without_multiples(source, primes[i])
end
assert(table.concat(primes, " ") == "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71")
return scheduler.now
