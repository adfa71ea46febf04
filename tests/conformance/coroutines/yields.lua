-- levels: none restricted strict(error,next,rawset,setmetatable,xpcall,coroutine)
local check = require "check"

-- Where a coroutine may yield, and where not.
local function run(f, ...)
    local co = coroutine.create(f)
    local log, values = {}, table.pack(coroutine.resume(co, ...))
    while values[1] and coroutine.status(co) == "suspended" do
        log[#log + 1] = check.show(values[2])
        values = table.pack(coroutine.resume(co, "r" .. #log))
    end
    return table.concat(log, " "), table.unpack(values, 1, values.n)
end
local yield = coroutine.yield
local function with(event, f) return setmetatable({}, {[event] = f or function() return yield(event) end}) end

check.is("across pcall", run(function() return pcall(function() return yield(1), yield(2) end) end))
check.is("across pcall, then an error", run(function() return pcall(function() error(yield(1), 0) end) end))
check.is("across two pcalls", run(function() return pcall(pcall, function() yield(1); error("x", 0) end) end))
check.is("across xpcall", run(function() return xpcall(function(a) return yield(a) end, print, "arg") end))
check.is("across xpcall, then an error", run(function() return xpcall(function() yield(1); error("e", 0) end, function(m) return "handled " .. m end) end))
check.is("in pcall itself", run(function() return pcall(yield, 1, 2) end))
check.is("in an error handler", run(function() return xpcall(error, function(m) return yield(m) end, "e") end))
for _, event in ipairs {"__index", "__add", "__sub", "__unm", "__concat", "__len", "__call", "__band", "__shl", "__idiv"} do
    local o = with(event)
    check.is(event, run(function()
        if event == "__index" then return o.x
        elseif event == "__add" then return o + 1
        elseif event == "__sub" then return 5 - o
        elseif event == "__unm" then return -o
        elseif event == "__concat" then return "a" .. o .. "b"
        elseif event == "__len" then return #o
        elseif event == "__call" then return o()
        elseif event == "__band" then return o & 1
        elseif event == "__shl" then return 1 << o
        else return o // 2 end
    end))
end
check.is("__lt and its kin", run(function() local o = setmetatable({}, {__lt = function() return yield("lt") end, __le = function() return yield("le") end}); return o < 1, o <= 1, 1 < o, not (o < o) end))
check.is("__eq", run(function() local mt = {__eq = function() return yield("eq") end}; return setmetatable({}, mt) == setmetatable({}, mt), setmetatable({}, mt) ~= setmetatable({}, mt) end))
check.is("__newindex", run(function() local o = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, yield(v)) end}); o.x = 5; return o.x end))
check.is("__close", run(function() do local a <close> = setmetatable({}, {__close = function() yield("closing") end}) end return "closed" end))
check.is("__close at return", run(function() local a <close> = setmetatable({}, {__close = function() yield("closing") end}); return "kept", 2 end))
check.is("__close after an error", run(function() return pcall(function() local a <close> = setmetatable({}, {__close = function(_, e) yield("closing " .. e) end}); error("oh", 0) end) end))
check.is("an iterator", run(function() local n = 0 for v in function() n = n + 1; if n < 3 then return yield(n) end end do n = n + 0 end return n end))
check.is("__pairs", run(function() for k, v in pairs(with("__pairs", function(t) yield("pairs"); return next, {10} end)) do return v end end))
check.is("table.sort", run(function() return pcall(table.sort, {3, 1, 2}, function(a, b) return yield(a) end) end))
check.is("gsub", run(function() return pcall(string.gsub, "abc", "%w", function(c) return yield(c) end) end))
check.is("load's reader", run(function() return load(function() return yield("piece") end) end))
check.is("tostring", run(function() return pcall(tostring, with("__tostring")) end))
check.is("table.concat's fields", run(function() return pcall(table.concat, setmetatable({}, {__index = function() return yield("x") end, __len = function() return 1 end})) end))
check.is("table.unpack's fields", run(function() return pcall(table.unpack, setmetatable({}, {__index = function() return yield("x") end}), 1, 2) end))
check.is("ipairs' fields", run(function() for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 3 then return yield(i) end end})) do yield(v) end return "through" end))
check.is("in a nested function", run(function() local function a() return (yield("deep")) end local function b() return a() .. "!" end return b() .. b() end))
check.is("in a tail call", run(function() return yield("tail") end))
check.is("in varargs", run(function(...) return select("#", ...), yield(...) end, 1, 2, 3))
check.is("in a constructor", run(function() return {yield(1), x = yield(2), yield(3)} end))
check.is("in an expression", run(function() return yield(1) .. yield(2) .. yield(3) end))
check.is("in a condition", run(function() while yield("go") ~= "r3" do end return "stopped" end))
check.is("wrapped inside", run(function() local inner = coroutine.wrap(function() yield("inner") return "end" end); return yield(inner()), inner() end))
