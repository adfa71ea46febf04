-- levels: none restricted strict(assert)
-- fails
print("before: 1")
assert(false, "what went wrong")
