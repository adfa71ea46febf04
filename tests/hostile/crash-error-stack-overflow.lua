-- An error about the C stack is raised while one is handled, with the Lua stack at its end (CVE-2022-33099, to 5.4.4)
-- expect: ok|runtime_error|vm_fault|time_limit|memory_limit
-- defect: error-stack-overflow
-- time: 5000 ms
local function lean(n)
    local function inner() return lean(n) end
    local ok, message = xpcall(inner, inner)
    return message
end
local tail = string.rep("x", 200)
local function overflow(...)
    return overflow(1, ...) .. tail
end
local function loop()
    assert(pcall(loop))
end
xpcall(loop, loop)
for i = 1, 3 do
    pcall(lean, i)
    pcall(overflow)
    xpcall(overflow, function(m) return overflow(m) end)
    pcall(string.gsub, "x", "x", function() return overflow() end)
end
return "HELD"
