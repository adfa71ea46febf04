-- Generator that yields forever into a for loop.
-- expect: time_limit
for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end
