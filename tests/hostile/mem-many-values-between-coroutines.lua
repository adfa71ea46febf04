-- As many values as stacks can hold, handed to and from coroutines that have no room for them
-- expect: ok
-- time: 20000 ms
local function count(...) return select("#", ...) end
for _, n in ipairs({ 1, 200, 60000, 249000, 499000, 999000, 999900, 999990 }) do
    local ok, got = pcall(function() return count(select(2, coroutine.resume(coroutine.create(function(...) return ... end), table.unpack({}, 1, n)))) end)
    if ok and got ~= n and got ~= 1 then return "ESCAPED: " .. got .. " of " .. n end
    ok, got = pcall(function() return count(coroutine.wrap(function(...) coroutine.yield(...) end)(table.unpack({}, 1, n))) end)
    if ok and got ~= n then return "ESCAPED: wrap gave " .. got .. " of " .. n end
    ok, got = pcall(function()
        local co = coroutine.wrap(function() local all = table.pack(coroutine.yield()) return all.n end)
        co()
        return co(table.unpack({}, 1, n))
    end)
    if ok and got ~= n then return "ESCAPED: yield got " .. got .. " of " .. n end
    pcall(function() return count(pcall(table.unpack, {}, 1, n)) end)
    pcall(function() return count(table.unpack({}, 1, n), table.unpack({}, 1, n)) end)
    pcall(function() return string.char(table.unpack({}, 1, n)) end)
    pcall(function() return #{ table.unpack({}, 1, n) } end)
    pcall(function() print(table.unpack({}, 1, n // 100)) end)
    pcall(function() return xpcall(error, function(m) return count(table.unpack({}, 1, n)) end, table.unpack({}, 1, n)) end)
    pcall(function() return setmetatable({}, { __index = function() return table.unpack({}, 1, n) end }).x end)
end
return "HELD"
