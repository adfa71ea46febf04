-- levels: none restricted strict(error)
-- An uncaught error without a place is shown with the one where it was raised.
print("before: 1")
error("a text", 0)
