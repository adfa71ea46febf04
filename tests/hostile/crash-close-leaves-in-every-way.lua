-- Variables to be closed that yield and raise, left by return, break, goto, errors and coroutine.close: each once, in order
-- expect: ok
local trace
local function closer(name, yields, fails)
    return setmetatable({}, { __close = function(_, e)
        trace[#trace + 1] = name .. (e and "!" or "")
        if yields then coroutine.yield(name) end
        if fails then error(name, 0) end
    end })
end
local WAYS = {
    ["return"] = function(y, f) local a <close> = closer("a", y, f) do local b <close> = closer("b", y, f) return 1, 2, 3 end end,
    ["vararg"] = function(y, f, ...) local a <close> = closer("a", y, f) local b <close> = closer("b", y, f) return ... end,
    ["call"] = function(y, f) local a <close> = closer("a", y, f) local b <close> = closer("b", y, f) return select(2, 0, 1, 2, 3) end,
    ["break"] = function(y, f) while true do local a <close> = closer("a", y, f) local b <close> = closer("b", y, f) break end return 1, 2, 3 end,
    ["goto"] = function(y, f) do local a <close> = closer("a", y, f) do local b <close> = closer("b", y, f) goto out end end ::out:: return 1, 2, 3 end,
    ["error"] = function(y, f) local a <close> = closer("a", y, f) local b <close> = closer("b", y, f) error("e", 0) end,
    ["loop"] = function(y, f) for i in function(_, c) return c == nil and 1 or nil end, nil, nil, closer("a", y, f) do local b <close> = closer("b", y, f) end return 1, 2, 3 end,
}
for name, way in pairs(WAYS) do
    for _, fails in ipairs({ false, true }) do
        for _, yields in ipairs({ false, true }) do
            trace = {}
            local co, steps = coroutine.create(function()
                local r = table.pack(pcall(way, yields, fails, 1, 2, 3))
                if not r[1] then error(r[2], 0) end
                return table.unpack(r, 2, r.n)
            end), 0
            local last
            repeat last = table.pack(coroutine.resume(co)) steps = steps + 1 until coroutine.status(co) == "dead" or steps > 10
            local order = table.concat(trace, " "):gsub("!", "")
            if order ~= "b a" then return "ESCAPED: " .. name .. " closed " .. order end
            local ended = not fails and name ~= "error"
            if last[1] ~= ended then return "ESCAPED: " .. name .. " ended " .. tostring(last[1]) end
            if ended and (last.n ~= 4 or last[4] ~= 3) then return "ESCAPED: " .. name .. " returned " .. last.n - 1 end
            if fails and last[2] ~= "a" then return "ESCAPED: " .. name .. " raised " .. tostring(last[2]) end
            if yields and steps ~= 3 then return "ESCAPED: " .. name .. " took " .. steps .. " steps" end
            -- closed from outside, after its first yield
            trace = {}
            local other = coroutine.create(function() local z <close> = closer("z", false, fails) coroutine.yield() return way(false, fails) end)
            coroutine.resume(other)
            local ok, raised = coroutine.close(other)
            if ok == fails or table.concat(trace) ~= "z" or (fails and raised ~= "z") then return "ESCAPED: closing " .. name end
        end
    end
end
return "HELD"
