-- levels: none restricted strict
-- fails
print("before: 1")
local zero = 0
print("never: " .. 1 // zero)
