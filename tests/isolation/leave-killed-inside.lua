-- Is killed inside a C function, below a pcall, in a coroutine
message = "was here"
pcall(coroutine.wrap(function()
    pcall(string.find, ("a"):rep(30000), (".-"):rep(20) .. "b")
end))
while true do
    pcall(string.rep, "x", 10)
end
