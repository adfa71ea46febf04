-- Coroutines made and dropped without ever running
-- expect: time_limit
while true do coroutine.create(print) end
