-- A closing method that leaves by an error after making another variable with that method: nested without a count (to 5.4.2)
-- expect: ok|vm_fault
-- defect: close-error-nest
-- time: 5000 ms
local metatable = {}
metatable.__close = function()
    local inner <close> = setmetatable({}, metatable)
    error("x")
end
for _ = 1, 2 do
    pcall(function()
        local outer <close> = setmetatable({}, metatable)
    end)
end
return "HELD"
