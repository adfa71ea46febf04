-- The program ends by yielding in the middle of a call from C
-- expect: runtime_error
table.sort({1, 2, 3}, function() coroutine.yield() end)
