-- levels: none restricted strict
-- fails
print("never: 1")
local x = = 1
