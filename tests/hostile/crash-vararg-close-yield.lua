-- A closing method yields while a function returns all that it was given: the results are counted wrong (5.4.3)
-- expect: ok|runtime_error|vm_fault
-- defect: vararg-close-yield
local function returns(...)
    local guard <close> = setmetatable({}, { __close = function() coroutine.yield("closing") end })
    return ...
end
for count = 0, 100, 7 do
    local values = {}
    for i = 1, count do
        values[i] = { i }
    end
    local co = coroutine.wrap(function() return "done", returns(table.unpack(values)) end)
    local first = co()
    local results = first == "closing" and table.pack(co()) or table.pack(first)
    if first == "closing" then
        for i = 1, count do
            if type(results[i + 1]) ~= "table" or results[i + 1][1] ~= i then
                error("result " .. i .. " of " .. count)
            end
        end
    end
end
return "HELD"
