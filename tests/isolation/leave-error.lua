-- Raises an error object that holds what it can
message = "was here"
error(setmetatable({ message, _G, print, coroutine.running() }, { __tostring = function() message = "again" return "was here" end }))
