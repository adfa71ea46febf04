-- levels: none restricted strict
-- fails
print("never: 1")
goto nowhere
