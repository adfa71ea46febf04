-- When the collector runs: at which allocations the count falls
local last, falls = collectgarbage("count"), {}
for i = 1, 30000 do
    local garbage = { i, tostring(i) }
    local now = collectgarbage("count")
    if now < last then
        falls[#falls + 1] = i
    end
    last = now
end
print(#falls, table.concat(falls, " "), collectgarbage("count"))
