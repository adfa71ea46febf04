-- levels: none restricted strict
-- fails
print("never: 1")
local s = "never ends
