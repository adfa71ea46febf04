-- Kernel: a small operating system with devices, queues and tasks in classes (method calls, inheritance, linked lists).
-- usage: kernel.lua [packets = 30000]

-- In the spirit of Richards, written anew: tasks of four kinds exchange packets; the scheduler picks the
-- ready task of the highest priority.

local packets = tonumber(... or 30000)

local function class(parent)
    local c = {}
    c.__index = c
    return setmetatable(c, parent)
end

-- A queue of packets, linked through their `next` field.
local Queue = class()
function Queue.new() return setmetatable({ size = 0 }, Queue) end

function Queue:put(packet)
    packet.next = nil
    if self.last then self.last.next = packet else self.first = packet end
    self.last, self.size = packet, self.size + 1
end

function Queue:take()
    local packet = self.first
    if not packet then return nil end
    self.first, self.size = packet.next, self.size - 1
    if not self.first then self.last = nil end
    return packet
end

local Task = class()
function Task.init(self, kernel, name, priority)
    self.kernel, self.name, self.priority = kernel, name, priority
    self.inbox, self.runs, self.asleep, self.finished = Queue.new(), 0, false, false
    kernel:add(self)
    return self
end

function Task:ready() return not self.finished and not self.asleep and (self.inbox.size > 0 or self:has_work()) end
function Task:has_work() return false end
function Task:send(to, packet)
    packet.from = self
    to.inbox:put(packet)
end

-- Produces packets and takes them back.
local Source = class(Task)
function Source.new(kernel, name, priority, handler, total)
    local self = Task.init(setmetatable({}, Source), kernel, name, priority)
    self.handler, self.left, self.flying, self.checksum = handler, total, 0, 0
    return self
end

function Source:has_work() return self.left > 0 and self.flying < 4 end

function Source:run()
    local packet = self.inbox:take()
    if packet then
        self.flying = self.flying - 1
        self.checksum = (self.checksum * 31 + packet.sum) % 1000003
        self.finished = self.left == 0 and self.flying == 0
    end
    if self:has_work() then
        self.left, self.flying = self.left - 1, self.flying + 1
        self:send(self.handler, { kind = self.left % 3 == 0 and "disk" or "net", owner = self, sum = self.left, data = { self.left, self.left % 17, 7 } })
    end
end

-- Works on a packet in three slices, then hands it to a device.
local Handler = class(Task)
function Handler.new(kernel, name, priority, devices)
    local self = Task.init(setmetatable({}, Handler), kernel, name, priority)
    self.devices, self.slice = devices, 0
    return self
end

function Handler:has_work() return self.current ~= nil end

function Handler:run()
    if not self.current then
        self.current, self.slice = self.inbox:take(), 0
        return
    end
    local packet = self.current
    self.slice = self.slice + 1
    packet.sum = packet.sum + packet.data[self.slice] * self.slice
    if self.slice == #packet.data then
        self.current = nil
        self:send(self.devices[packet.kind], packet)
    end
end

-- Waits a number of ticks with each packet and returns it to its owner.
local Device = class(Task)
function Device.new(kernel, name, priority, delay)
    local self = Task.init(setmetatable({}, Device), kernel, name, priority)
    self.delay, self.handled = delay, 0
    return self
end

function Device:run()
    local packet = self.inbox:take()
    self.handled = self.handled + 1
    packet.sum = self:transform(packet.sum)
    self:send(packet.owner, packet)
    self.kernel:sleep(self, self.delay)
end

function Device:transform(sum) return sum + 1 end

local Disk = class(Device)
function Disk.new(...) return setmetatable(Device.new(...), Disk) end
function Disk:transform(sum) return Device.transform(self, sum) * 3 % 65537 end

local Kernel = class()
function Kernel.new() return setmetatable({ tasks = {}, sleepers = {}, ticks = 0 }, Kernel) end

function Kernel:add(task)
    local at = 1
    while self.tasks[at] and self.tasks[at].priority >= task.priority do at = at + 1 end
    table.insert(self.tasks, at, task)
end

function Kernel:sleep(task, ticks)
    task.asleep, task.wake = true, self.ticks + ticks
    self.sleepers[#self.sleepers + 1] = task
end

function Kernel:wake_sleepers()
    for i = #self.sleepers, 1, -1 do
        local task = self.sleepers[i]
        if task.wake <= self.ticks then
            task.asleep = false
            table.remove(self.sleepers, i)
        end
    end
end

function Kernel:pick()
    for _, task in ipairs(self.tasks) do
        if task:ready() then return task end
    end
end

function Kernel:run()
    while true do
        self:wake_sleepers()
        local task = self:pick()
        if task then
            task.runs = task.runs + 1
            task:run()
        elseif #self.sleepers == 0 then
            return
        end
        self.ticks = self.ticks + 1
    end
end

local kernel = Kernel.new()
local devices = { net = Device.new(kernel, "net", 40, 2), disk = Disk.new(kernel, "disk", 50, 5) }
local handler = Handler.new(kernel, "handler", 30, devices)
local sources = {
    Source.new(kernel, "alpha", 10, handler, packets // 2),
    Source.new(kernel, "beta", 20, handler, packets - packets // 2),
}
kernel:run()
assert(sources[1].finished and sources[2].finished)
print(("kernel %d: %d ticks, %d net, %d disk, checksums %d %d"):format(packets, kernel.ticks, devices.net.handled,
    devices.disk.handled, sources[1].checksum, sources[2].checksum))
