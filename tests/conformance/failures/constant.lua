-- levels: none restricted strict
-- fails
local limit <const> = 5
print("never: 1")
limit = 6
