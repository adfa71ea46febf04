-- levels: none restricted strict(error)
-- What was caught and raised again is shown with both places.
local ok, message = pcall(function() error("thrown first") end)
print("before: " .. tostring(ok))
error(message, 0)
