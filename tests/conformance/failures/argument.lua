-- levels: none restricted strict(string.rep)
-- fails
print("before: 1");
("x"):rep({})
