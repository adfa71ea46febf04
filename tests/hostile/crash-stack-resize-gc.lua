-- Stacks grow with collections due at that very moment: a collection shrinks them again, or frees the call's record (CVE-2020-15888, 5.4.0)
-- expect: ok|runtime_error|vm_fault|memory_limit
-- defect: stack-resize-gc
-- time: 5000 ms
local function wide(n, ...)
    if n == 0 then
        return select("#", ...)
    end
    local garbage = { n, { n }, tostring(n) }
    return wide(n - 1, garbage, ...)
end
for i = 1, 200 do
    local co = coroutine.wrap(function()
        local n = wide(i % 190)
        coroutine.yield(n)
        return wide(150, n)
    end)
    if co() ~= i % 190 or co() ~= 151 then
        return "ESCAPED: arguments were lost"
    end
end
return "HELD"
