-- Two coroutines handing control to a third forever through wrap (kill must unwind nested resumes).
-- expect: time_limit
local a, b
a = coroutine.wrap(function() while true do b() coroutine.yield() end end)
b = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do a() end
