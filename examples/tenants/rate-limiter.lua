-- Rate limiter: replays an access log through token buckets per client and plan, and reports who was refused.
-- expect: ok
-- output: client            plan    requests  allowed  refused  longest wait

-- Time is in milliseconds and tokens in thousandths, all integers, so that a replay is exact.

local PLANS = {
    free = { rate = 2, burst = 5 },
    team = { rate = 10, burst = 20 },
    internal = { rate = 50, burst = 200 },
}
local COST = { GET = 1, POST = 3, DELETE = 2 }
local CLIENTS = { ["203.0.113.7"] = "free", ["198.51.100.23"] = "team", ["192.0.2.4"] = "internal" }

local Bucket = {}
Bucket.__index = Bucket

function Bucket.new(plan, now)
    return setmetatable({ rate = plan.rate, capacity = plan.burst * 1000, tokens = plan.burst * 1000, at = now }, Bucket)
end

-- Returns true, or false and the milliseconds until the request would be allowed.
function Bucket:take(now, tokens)
    local need = tokens * 1000
    self.tokens = math.min(self.capacity, self.tokens + (now - self.at) * self.rate)
    self.at = now
    if self.tokens >= need then
        self.tokens = self.tokens - need
        return true
    end
    return false, -((self.tokens - need) // self.rate)
end

local Limiter = {}
Limiter.__index = Limiter

function Limiter.new() return setmetatable({ buckets = {}, stats = {} }, Limiter) end

function Limiter:request(now, client, method)
    local plan = CLIENTS[client] or "free"
    local bucket = self.buckets[client]
    if not bucket then
        bucket = Bucket.new(PLANS[plan], now)
        self.buckets[client] = bucket
        self.stats[client] = { client = client, plan = plan, allowed = 0, refused = 0, wait = 0 }
    end
    local stats = self.stats[client]
    local ok, wait = bucket:take(now, COST[method] or 1)
    if ok then
        stats.allowed = stats.allowed + 1
    else
        stats.refused = stats.refused + 1
        stats.wait = math.max(stats.wait, wait)
    end
    return ok, wait
end

-- A day's log in short: bursts of `count` requests every `every` ms from a start time.
local BURSTS = [[
12:00:00.000 203.0.113.7    GET    x30 every 100
12:00:00.050 198.51.100.23  GET    x80 every 50
12:00:00.500 203.0.113.99   POST   x6  every 900
12:00:01.000 192.0.2.4      GET    x300 every 10
12:00:02.000 198.51.100.23  POST   x20 every 250
12:00:04.250 192.0.2.4      DELETE x40 every 5
12:00:09.999 203.0.113.7    GET    x5  every 1
12:00:20.000 203.0.113.7    GET    x6  every 1
]]

local function parse(text)
    local events = {}
    for h, m, s, ms, client, method, count, every in
        text:gmatch("(%d+):(%d+):(%d+)%.(%d+)%s+(%S+)%s+(%u+)%s+x(%d+)%s+every%s+(%d+)") do
        local start = ((h * 60 + m) * 60 + s) * 1000 + ms
        for i = 0, count - 1 do
            events[#events + 1] = { at = start + i * every, client = client, method = method, sequence = #events }
        end
    end
    table.sort(events, function(a, b)
        if a.at ~= b.at then return a.at < b.at end
        return a.sequence < b.sequence
    end)
    return events
end

local limiter = Limiter.new()
local events = parse(BURSTS)
for _, e in ipairs(events) do limiter:request(e.at, e.client, e.method) end

local report = {}
for _, stats in pairs(limiter.stats) do report[#report + 1] = stats end
table.sort(report, function(a, b) return a.client < b.client end)
print(("%-16s  %-8s%8s %8s %8s  %12s"):format("client", "plan", "requests", "allowed", "refused", "longest wait"))
local allowed, refused = 0, 0
for _, s in ipairs(report) do
    print(("%-16s  %-8s%8d %8d %8d  %9d ms"):format(s.client, s.plan, s.allowed + s.refused, s.allowed, s.refused, s.wait))
    allowed, refused = allowed + s.allowed, refused + s.refused
end
assert(allowed + refused == #events)

-- One bucket by hand: a burst of five, then one each half second.
local bucket = Bucket.new(PLANS.free, 0)
for _ = 1, 5 do assert(bucket:take(0, 1)) end
local ok, wait = bucket:take(0, 1)
assert(not ok and wait == 500)
assert(not bucket:take(499, 1) and bucket:take(500, 1) and not bucket:take(999, 1) and bucket:take(1000, 1))
assert(bucket:take(60000, 5) and not bucket:take(60000, 1), "a long pause fills the bucket and no more")
-- 300 + 40 × 2 tokens were asked for, 200 were there, and 3.445 s at 50 a second brought 172 more: four are refused.
assert(limiter.stats["192.0.2.4"].refused == 4)
return { allowed = allowed, refused = refused }
