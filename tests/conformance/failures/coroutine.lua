-- levels: none restricted strict(error,coroutine.wrap)
-- fails
print("before: 1")
coroutine.wrap(function()
    error("in a coroutine")
end)()
