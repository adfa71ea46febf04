-- What a template can hold, preloaded as module "held": objects as keys, weak tables, closures with upvalues in common,
-- and coroutines stopped in all kinds of places, for programs to resume.

local K = require "kit"
local H = { objects = {}, by_object = {}, coroutines = {} }

-- Closures with upvalues in common.
do
    local n, log = 0, {}
    function H.up(by) n = n + (by or 1) log[#log + 1] = n return n end
    function H.down(by) n = n - (by or 1) log[#log + 1] = n return n end
    function H.log() return table.concat(log, ",") end
end

-- Objects of every kind, each a key and a value.
for i = 1, 12 do
    H.objects[#H.objects + 1] = K.name({ i }, "held-table")
    H.objects[#H.objects + 1] = K.name(function() return i end, "held-function")
    H.objects[#H.objects + 1] = K.name(coroutine.create(function(...) return i, ... end), "held-coroutine")
end
for i, object in ipairs(H.objects) do
    H.by_object[object] = i
    H.by_object[i * 0.5] = object
    H.by_object["name " .. i] = object
    H.by_object[("long "):rep(12) .. i] = i
end
H.by_object[true], H.by_object[print], H.by_object[-1], H.by_object[2 ^ 53] = 1, 2, 3, 4
H.by_object[math.mininteger], H.by_object[1 / 0], H.by_object[""] = 5, 6, 7
if io then H.by_object[io.stdout], H.by_object[io.stderr] = 8, 9 end

-- Weak tables, of living and of dead.
H.weak = {}
for _, mode in ipairs { "k", "v", "kv" } do
    local t = setmetatable({}, { __mode = mode })
    for i = 1, 9 do t[H.objects[i]] = H.objects[10 + i] end
    for i = 1, 9 do t[{}] = {} end
    for i = 1, 5 do t[i] = H.objects[i] end
    H.weak[mode] = t
end

-- Coroutines, stopped.
local function start(f, ...)
    local co = K.name(coroutine.create(f), "held-stopped")
    assert(coroutine.resume(co, ...))
    H.coroutines[#H.coroutines + 1] = co
    return co
end
start(function(a) -- in a loop
    for i = 1, 1000 do a = a + (coroutine.yield(i * a) or 1) end
end, 3)
start(function() -- behind a protected call, which will answer
    return "after", pcall(function() error(coroutine.yield("in pcall")) end)
end)
start(function() -- in a generic for
    for k, v in ipairs { "a", "b", "c", "d" } do coroutine.yield(k, v) end
    return "the end"
end)
start(function() -- with an open upvalue that others share
    local shared = 0
    H.share = function(x) shared = shared + x return shared end
    while true do shared = shared + (coroutine.yield(shared) or 0) end
end)
start(function() -- with something to close
    local guard <close> = setmetatable({}, { __close = function() H.closed = (H.closed or 0) + 1 end })
    coroutine.yield("open")
    return "closed"
end)
start(function() -- in a metamethod
    local t = setmetatable({}, {
        __index = function(_, k) return coroutine.yield("index " .. k) end,
        __add = function(_, x) return coroutine.yield("add " .. x) end,
    })
    return t.field, t + 5
end)
start(function(...) -- with varargs
    while true do coroutine.yield(select("#", ...), ...) end
end, 1, nil, "three")
start(function() -- deep in calls
    local function deep(n) if n == 0 then return coroutine.yield("bottom") end return 1 + deep(n - 1) end
    return deep(60)
end)
start(function() -- holding another
    local inner = coroutine.wrap(function() for i = 1, 50 do coroutine.yield(i) end end)
    while true do coroutine.yield(inner()) end
end)

-- Classes.
local Point = {}
Point.__index = Point
function Point.__add(a, b) return Point.new(a.x + b.x, a.y + b.y) end
function Point.__eq(a, b) return a.x == b.x and a.y == b.y end
function Point.__lt(a, b) return a.x < b.x or (a.x == b.x and a.y < b.y) end
function Point.__call(self, k) return self[k] end
function Point.__len() return 2 end
function Point.__unm(a) return Point.new(-a.x, -a.y) end
function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
H.Point = Point
H.points = {}
for i = 1, 10 do H.points[Point.new(i, -i)] = i end

-- A recursive structure.
H.me = H
H.tree = {}
local function grow(t, depth) for i = 1, depth do t[i] = grow({ up = t }, depth - 1) end return t end
grow(H.tree, 5)

return H
