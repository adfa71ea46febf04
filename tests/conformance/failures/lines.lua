-- levels: none restricted strict(error)
-- fails
print("before: 1")
error("a message\nof two lines")
