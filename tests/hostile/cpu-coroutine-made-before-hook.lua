-- Coroutine made in an earlier run, before this run's limits were armed: it loops in the next one
-- expect: time_limit
bomb = coroutine.wrap(function() coroutine.yield() while true do end end)
bomb()
return "HELD: armed"
--@NEXT-RUN
bomb()
return "ESCAPED: the loop ended"
--@NEXT-TENANT
return bomb == nil and "HELD" or "ESCAPED: the last tenant's coroutine is here"
