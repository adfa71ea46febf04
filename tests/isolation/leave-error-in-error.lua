-- Errors in handlers of errors, and a stack that overflows
message = "was here"
local function over() return over() + 1 end
xpcall(over, over)
pcall(over)
xpcall(error, error)
error()
