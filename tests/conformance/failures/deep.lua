-- levels: none restricted strict(error)
-- fails
local function dive(n)
    if n == 0 then error("at the bottom") end
    return (dive(n - 1))
end
print("before: 1")
dive(100)
