-- Order workflow: a state machine with guards, actions, timeouts and an audit trail, driven by a day's events.
-- expect: ok
-- output: 09:00 O-1 new -> awaiting payment (place)

-- A transition: from, event, to, an optional guard (nil, or why not) and an optional action.

local Machine = {}
Machine.__index = Machine

function Machine.new(definition)
    local table_of = {}
    for _, t in ipairs(definition.transitions) do
        for from in t.from:gmatch("[^|]+") do
            table_of[from] = table_of[from] or {}
            table_of[from][t.event] = table_of[from][t.event] or {}
            table.insert(table_of[from][t.event], t)
        end
    end
    return setmetatable({ initial = definition.initial, timeouts = definition.timeouts, table = table_of }, Machine)
end

function Machine:start(order, now)
    order.state, order.since, order.history = self.initial, now, {}
    return order
end

-- Returns the new state, or nil and the reason.
function Machine:fire(order, event, now, data)
    local candidates = (self.table[order.state] or {})[event]
    if not candidates then return nil, ("%s is not possible while %s"):format(event, order.state) end
    local reason
    for _, t in ipairs(candidates) do
        reason = t.guard and t.guard(order, data)
        if not reason then
            if t.action then t.action(order, data) end
            order.history[#order.history + 1] = { at = now, from = order.state, to = t.to, event = event }
            order.state, order.since = t.to, now
            return t.to
        end
    end
    return nil, reason
end

-- Fires the timeouts that are due, in order of time.
function Machine:tick(orders, now)
    local due = {}
    for _, order in ipairs(orders) do
        local timeout = self.timeouts[order.state]
        if timeout and order.since + timeout.after <= now then
            due[#due + 1] = { at = order.since + timeout.after, order = order, event = timeout.event }
        end
    end
    table.sort(due, function(a, b) return a.at < b.at or a.at == b.at and a.order.id < b.order.id end)
    for _, d in ipairs(due) do self:fire(d.order, d.event, d.at) end
    return #due
end

local stock = { kettle = 3, teapot = 1 }

local function missing_stock(order)
    for item, n in pairs(order.items) do
        if (stock[item] or 0) < n then return "not enough of " .. item end
    end
end

local function move_stock(sign)
    return function(order)
        for item, n in pairs(order.items) do stock[item] = stock[item] + sign * n end
    end
end

local workflow = Machine.new {
    initial = "new",
    transitions = {
        { from = "new", event = "place", to = "awaiting payment", guard = missing_stock, action = move_stock(-1) },
        { from = "awaiting payment", event = "pay", to = "paid",
            guard = function(order, amount) return order.paid + amount < order.total and "underpaid" or nil end,
            action = function(order, amount) order.paid = order.paid + amount end },
        { from = "awaiting payment", event = "pay", to = "awaiting payment",
            action = function(order, amount) order.paid = order.paid + amount end },
        { from = "awaiting payment", event = "remind", to = "reminded" },
        { from = "reminded", event = "pay", to = "paid",
            guard = function(order, amount) return order.paid + amount < order.total and "underpaid" or nil end,
            action = function(order, amount) order.paid = order.paid + amount end },
        { from = "awaiting payment|reminded|paid", event = "cancel", to = "cancelled",
            action = function(order)
                move_stock(1)(order)
                order.refund, order.paid = order.paid, 0
            end },
        { from = "reminded", event = "expire", to = "cancelled", action = move_stock(1) },
        { from = "paid", event = "ship", to = "shipped",
            guard = function(_, parcel) return not parcel and "no parcel number" or nil end,
            action = function(order, parcel) order.parcel = parcel end },
        { from = "shipped", event = "deliver", to = "delivered" },
        { from = "delivered", event = "return", to = "returned", action = move_stock(1) },
        { from = "delivered", event = "close", to = "closed" },
        { from = "returned", event = "refund", to = "closed",
            action = function(order) order.refund, order.paid = order.paid, 0 end },
    },
    timeouts = {
        ["awaiting payment"] = { after = 120, event = "remind" },
        reminded = { after = 60, event = "expire" },
        delivered = { after = 240, event = "close" },
    },
}

local orders, by_id = {}, {}
for i, items in ipairs { { kettle = 2 }, { teapot = 1 }, { teapot = 1 }, { kettle = 1, teapot = 1 } } do
    local order = { id = "O-" .. i, items = items, paid = 0, total = 0 }
    for item, n in pairs(items) do order.total = order.total + n * (item == "kettle" and 25 or 39) end
    orders[i], by_id[order.id] = workflow:start(order, 0), order
end

local EVENTS = [[
09:00 O-1 place
09:05 O-2 place
09:06 O-3 place
09:20 O-1 pay 20
09:30 O-1 pay 30
10:00 O-1 ship
10:10 O-1 ship PX-77120
10:15 O-1 cancel
11:30 O-2 pay 39
11:40 O-2 cancel
11:45 O-3 place
11:46 O-4 place
12:30 O-1 deliver
13:00 O-1 return
13:10 O-1 refund
17:00 O-4 pay 64
]]

local function clock(minutes) return ("%02d:%02d"):format(minutes // 60, minutes % 60) end

local refused, trail = {}, {}
for hour, minute, id, event, data in EVENTS:gmatch("(%d+):(%d+) (%S+) (%a+) ?([^\n]*)") do
    local now, order = hour * 60 + tonumber(minute), by_id[id]
    workflow:tick(orders, now)
    workflow:tick(orders, now)
    local value = data ~= "" and (tonumber(data) or data) or nil
    local state, reason = workflow:fire(order, event, now, value)
    if not state then refused[#refused + 1] = ("%s %s %s: %s"):format(clock(now), id, event, reason) end
end
for _, order in ipairs(orders) do
    for i, step in ipairs(order.history) do trail[#trail + 1] = { step = step, order = order, i = i } end
end
table.sort(trail, function(a, b)
    if a.step.at ~= b.step.at then return a.step.at < b.step.at end
    if a.order ~= b.order then return a.order.id < b.order.id end
    return a.i < b.i
end)
for _, t in ipairs(trail) do
    print(("%s %s %s -> %s (%s)"):format(clock(t.step.at), t.order.id, t.step.from, t.step.to, t.step.event))
end
print("refused:\n  " .. table.concat(refused, "\n  "))

local states = {}
for i, order in ipairs(orders) do states[i] = order.state end
assert(table.concat(states, ",") == "closed,cancelled,cancelled,new", table.concat(states, ","))
assert(by_id["O-1"].refund == 50 and by_id["O-1"].parcel == "PX-77120" and by_id["O-2"].refund == 39)
assert(stock.kettle == 3 and stock.teapot == 1, "everything is back in stock")
assert(refused[1] == "09:06 O-3 place: not enough of teapot" and refused[3] == "10:15 O-1 cancel: cancel is not possible while shipped")

-- No state is a dead end but the two final ones, and every state can be reached.
local reached, queue = { new = true }, { "new" }
for _, state in ipairs(queue) do
    for _, transitions in pairs(workflow.table[state] or {}) do
        for _, t in ipairs(transitions) do
            if not reached[t.to] then
                reached[t.to], queue[#queue + 1] = true, t.to
            end
        end
    end
end
for state in pairs(reached) do
    assert((workflow.table[state] == nil) == (state == "closed" or state == "cancelled"), state)
end
assert(#queue == 9)
return #trail
