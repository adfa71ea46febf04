-- levels: none restricted strict
-- fails
print("before: 1")
local a = "x"
return a + 1
