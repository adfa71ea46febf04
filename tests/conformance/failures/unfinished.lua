-- levels: none restricted strict
-- fails
print("never: 1")
if true then
    print("never: 2")
