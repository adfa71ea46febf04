-- An error handler that calls xpcall with itself, whatever happens
-- expect: time_limit
local function handler(e) xpcall(function() while true do end end, handler) return e end
while true do xpcall(error, handler) end
