-- levels: none restricted strict(error,setmetatable,coroutine)
local check = require "check"

local function closer(log, name) return setmetatable({}, {__close = function(_, e) log[#log + 1] = name .. ":" .. tostring(e) end}) end
local function suspended(log, f)
    local co = coroutine.create(function()
        local a <close> = closer(log, "a")
        local b <close> = closer(log, "b")
        if f then f() end
        coroutine.yield("here")
    end)
    coroutine.resume(co)
    return co
end
check.is("a new one", (function() local co = coroutine.create(print); return coroutine.close(co), coroutine.status(co) end)())
check.is("a suspended one", (function() local log = {}; local co = suspended(log); return coroutine.close(co), coroutine.status(co), log end)())
check.is("resumed afterwards", (function() local log = {}; local co = suspended(log); coroutine.close(co); return coroutine.resume(co) end)())
check.is("twice", (function() local log = {}; local co = suspended(log); return coroutine.close(co), coroutine.close(co), #log end)())
check.is("a dead one", (function() local co = coroutine.create(function() return 1 end); coroutine.resume(co); return coroutine.close(co) end)())
check.is("one that failed", (function() local co = coroutine.create(function() error("why", 0) end); coroutine.resume(co); return {coroutine.close(co)}, {coroutine.close(co)} end)())
check.is("one that failed with a table", (function() local o = {}; local co = coroutine.create(function() error(o) end); coroutine.resume(co); return select(2, coroutine.close(co)) == o end)())
check.is("an error while closing", (function()
    local log = {}
    local co = coroutine.create(function()
        local a <close> = closer(log, "a")
        local b <close> = setmetatable({}, {__close = function() error("in closing", 0) end})
        local c <close> = closer(log, "c")
        coroutine.yield()
    end)
    coroutine.resume(co)
    return {coroutine.close(co)}, coroutine.status(co), log
end)())
check.is("through nested functions", (function()
    local log = {}
    local co = coroutine.create(function()
        local a <close> = closer(log, "outer")
        local function inner() local b <close> = closer(log, "inner"); coroutine.yield() end
        inner()
    end)
    coroutine.resume(co)
    return coroutine.close(co), log
end)())
check.is("in the middle of pcall", (function()
    local log = {}
    local co = coroutine.create(function() pcall(function() local a <close> = closer(log, "in pcall"); coroutine.yield() end) log[#log + 1] = "never" end)
    coroutine.resume(co)
    return coroutine.close(co), log
end)())
check.is("a generic for's value", (function()
    local log = {}
    local co = coroutine.wrap(function() for i in function(_, i) return (i or 0) + 1 end, nil, nil, closer(log, "for") do coroutine.yield(i) end end)
    local first = co()
    return first, co(), log
end)())
check.is("itself", pcall(coroutine.wrap(function() return coroutine.close((coroutine.running())) end)))
check.is("the main one from another", pcall(coroutine.wrap(function(main) return coroutine.close(main) end), (coroutine.running())))
check.is("one that waits", (function() local outer; outer = coroutine.create(function() return coroutine.wrap(function() return coroutine.close(outer) end)() end); return coroutine.resume(outer) end)())
check.each {"coroutine.close()", "coroutine.close(5)", "coroutine.close({})", "coroutine.close(coroutine.running())", "coroutine.close(nil)", "coroutine.close(coroutine.create(print), 1)"}
check.is("closed in a closing method", (function()
    local log = {}
    local inner = suspended(log)
    do local a <close> = setmetatable({}, {__close = function() log[#log + 1] = tostring(coroutine.close(inner)) end}) end
    return log
end)())
check.is("left to the collector", (function() local log = {}; suspended(log); suspended(log); return #log end)())
check.is("with upvalues", (function() local get; local co = coroutine.create(function() local v = 1; get = function() return v end; v = 2; coroutine.yield(); v = 3 end); coroutine.resume(co); coroutine.close(co); return get() end)())
