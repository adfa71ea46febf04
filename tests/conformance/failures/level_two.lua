-- levels: none restricted strict(error)
-- fails
local function check_it(x)
    if not x then error("wrong use", 2) end
end
print("before: 1")
check_it(false)
