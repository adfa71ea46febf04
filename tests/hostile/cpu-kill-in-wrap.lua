-- The loop runs in a coroutine, whose end the script would outlive
-- expect: time_limit
pcall(coroutine.wrap(function() while true do end end))
return "ESCAPED: outlived the coroutine that was killed"
