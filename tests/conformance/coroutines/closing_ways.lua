-- levels: none restricted strict(error,setmetatable,coroutine)
local check = require "check"

local function closer(log, name, yields, fails)
    return setmetatable({}, {__close = function(_, e)
        log[#log + 1] = name .. "(" .. tostring(e) .. ")"
        if yields then log[#log + 1] = name .. " got " .. tostring(coroutine.yield(name .. " yields")) end
        if fails then error(name .. " fails", 0) end
    end})
end
local ways = {
    {"return", function(a, b) local x <close> = a() do local y <close> = b() return 1, 2 end end},
    {"return of a call", function(a, b) local x <close> = a() local y <close> = b() return select(2, "x", 1, 2) end},
    {"return of varargs", function(a, b, ...) local x <close> = a() local y <close> = b() return ... end},
    {"the end of a block", function(a, b) do local x <close> = a() local y <close> = b() end return "after" end},
    {"break", function(a, b) for i = 1, 3 do local x <close> = a() local y <close> = b() break end return "after" end},
    {"goto", function(a, b) do local x <close> = a() do local y <close> = b() goto out end end ::out:: return "after" end},
    {"goto backwards", function(a, b) local n = 0 ::again:: do local x <close> = a() n = n + 1 if n < 2 then goto again end end local y <close> = b() return n end},
    {"an error", function(a, b) local x <close> = a() local y <close> = b() error("e", 0) end},
    {"an error of Lua", function(a, b) local x <close> = a() local y <close> = b() return nil + 1 end},
    {"a loop's value", function(a, b) for i in function(_, i) return i == nil and 1 or nil end, nil, nil, a() do local y <close> = b() end return "after" end},
    {"break out of a loop with a value", function(a, b) for i in function(_, i) return 1 end, nil, nil, a() do local y <close> = b() break end return "after" end},
    {"nested functions", function(a, b) local x <close> = a() return (function() local y <close> = b() return 1, 2 end)() end},
    {"repeat until", function(a, b) local n = 0 repeat local x <close> = a() n = n + 1 until n == 2 local y <close> = b() return n end},
}
for _, way in ipairs(ways) do
    for _, how in ipairs {{"", false, false}, {", failing", false, true}, {", yielding", true, false}, {", both", true, true}} do
        local log = {}
        local co = coroutine.create(function()
            local r = table.pack(pcall(way[2], function() return closer(log, "a", how[2], how[3]) end, function() return closer(log, "b", how[2], how[3]) end, "v1", "v2"))
            return table.unpack(r, 1, r.n)
        end)
        local steps = 0
        repeat
            steps = steps + 1
            local r = table.pack(coroutine.resume(co, "value " .. steps))
            for i = 1, r.n do r[i] = tostring(r[i]) end
            log[#log + 1] = table.concat(r, " ")
        until coroutine.status(co) == "dead" or steps == 9
        check.is(way[1] .. how[1], log)
    end
end
for _, way in ipairs(ways) do
    local log = {}
    local co = coroutine.create(function() return way[2](function() return closer(log, "a", true) end, function() return closer(log, "b", false, true) end, "v") end)
    coroutine.resume(co)
    check.is(way[1] .. ", closed from outside", {coroutine.close(co)}, coroutine.status(co), log)
end
