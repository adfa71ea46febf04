-- levels: none restricted strict
-- fails
print("before: 1")
local t = {}
t.method()
