-- Catch the limit error through xpcall handler, __close error replacement and coroutine.close.
-- expect: time_limit
local ok, e = xpcall(function() while true do end end, function(m) return "handler saw " .. tostring(m) end)
return "ESCAPED: " .. tostring(e)
