-- coroutine.close on what cannot be closed, and again on what has been: itself, its caller, the main one, the dead
-- expect: ok
local function refused(co, how)
    local ok, message = pcall(coroutine.close, co)
    return not ok and message:find("cannot close a " .. how .. " coroutine", 1, true)
end
local main = coroutine.running()
if not refused(main, "running") then return "ESCAPED: the main coroutine was closed" end
local outer
outer = coroutine.create(function()
    local inner = coroutine.wrap(function()
        return refused(outer, "normal") and refused(main, "normal") and refused(coroutine.running(), "running")
    end)
    assert(inner(), "ESCAPED: a coroutine that is in use was closed")
    for _, co in ipairs({ outer, main }) do
        local ok, message = coroutine.resume(co)
        assert(not ok and message == "cannot resume non-suspended coroutine", "ESCAPED: resumed twice")
    end
    local mine = setmetatable({}, { __close = function(_, e) coroutine.yield(e) error("again") end })
    local guard <close> = mine
    local other <close> = mine
    coroutine.yield("first")
end)
assert(select(2, coroutine.resume(outer)) == "first")
for _ = 1, 5 do
    pcall(coroutine.close, outer)
    if coroutine.status(outer) ~= "dead" then return "ESCAPED: what was closed is not dead" end
    local ok, message = coroutine.resume(outer)
    if ok or message ~= "cannot resume dead coroutine" then return "ESCAPED: the dead run" end
end
local itself
itself = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() itself() end }) error("out") end)
for _ = 1, 3 do if pcall(itself) then return "ESCAPED: no error came out" end end
local closing
closing = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() return pcall(coroutine.close, closing) end })
    coroutine.yield()
end)
coroutine.resume(closing)
coroutine.close(closing)
return coroutine.status(closing) == "dead" and "HELD" or "ESCAPED"
