-- levels: none restricted strict
-- fails
print("before: 1")
undefined_function("x")
