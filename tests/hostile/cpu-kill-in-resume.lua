-- The same by coroutine.resume, which turns errors into values
-- expect: time_limit
while true do coroutine.resume(coroutine.create(function() while true do end end)) end
