-- levels: none restricted strict(error,setmetatable,coroutine.wrap,coroutine.yield,string.match)
local check = require "check"

local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end return "done" end)
check.is("generator", gen(), gen(), gen(), gen())
check.call("after its end", gen)
check.is("passing values in", (function() local f = coroutine.wrap(function(a) while true do a = coroutine.yield(a * 2) end end); return f(1), f(5), f(10) end)())
check.is("permutations", (function()
    local out = {}
    local function permute(a, n)
        if n == 1 then coroutine.yield(table.concat(a)) end
        for i = 1, n do
            a[n], a[i] = a[i], a[n]
            if n > 1 then permute(a, n - 1) end
            a[n], a[i] = a[i], a[n]
        end
    end
    for p in coroutine.wrap(function() permute({"a", "b", "c"}, 3) end) do out[#out + 1] = p end
    return out
end)())
check.call("an error with its position", coroutine.wrap(function() error("inside") end))
check.call("an error without", coroutine.wrap(function() error("inside", 0) end))
check.call("an error that is a table", coroutine.wrap(function() error({7}) end))
check.call("an error that is nil", coroutine.wrap(function() error(nil) end))
check.call("a runtime error", coroutine.wrap(function() local x; x() end))
check.call("called from Lua", function() local f = coroutine.wrap(function() error("inside", 0) end); f() end)
check.call("called from Lua with a position", function() local f = coroutine.wrap(function() error("inside") end); f() end)
check.call("dead, called from Lua", function() local f = coroutine.wrap(function() end); f(); f() end)
check.call("through two", function() local f = coroutine.wrap(function() local g = coroutine.wrap(function() error("deep") end); g() end); f() end)
check.call("itself", function() local f; f = coroutine.wrap(function() return f() end); return f() end)
check.is("closed by its error", (function()
    local log = {}
    local f = coroutine.wrap(function()
        local a <close> = setmetatable({}, {__close = function(_, e) log[#log + 1] = "closed: " .. tostring(e) end})
        error("oh", 0)
    end)
    return {pcall(f)}, log
end)())
check.is("an error while it closes", (function()
    local f = coroutine.wrap(function()
        local a <close> = setmetatable({}, {__close = function(_, e) error("second after " .. tostring(e), 0) end})
        error("first", 0)
    end)
    return pcall(f)
end)())
check.is("in a for loop that is left", (function() local f = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end); for v in f do if v == 3 then break end end return f() end)())
check.is("one drives another", (function() local a = coroutine.wrap(function() for i = 1, 3 do coroutine.yield("a" .. i) end end); local b = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(a() .. "b" .. i) end end); return b(), b(), b() end)())
check.is("producer, filter, consumer", (function()
    local function produce() return coroutine.wrap(function() for _, w in ipairs {"x", "yy", "zzz"} do coroutine.yield(w) end end) end
    local function filter(p) return coroutine.wrap(function() local n = 0; for w in p do n = n + 1; coroutine.yield(n .. ":" .. w) end end) end
    local out = {}
    for line in filter(produce()) do out[#out + 1] = line end
    return out
end)())
check.is("stack overflow in one", (function() local ok, m = pcall(coroutine.wrap(function() local function f() return 1 + f() end return f() end)); return ok, m:match("stack overflow") end)())
