-- A coroutine, suspended deep in C calls, left to whoever comes next
-- expect: ok
keep = coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield(1) end)
keep()
return "HELD"
--@NEXT-TENANT
if keep then return "ESCAPED: it is still here" end
local main, is_main = coroutine.running()
return is_main and coroutine.status(main) == "running" and "HELD" or "ESCAPED: not in the main coroutine"
