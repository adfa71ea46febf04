-- The error value is a coroutine, that died with an error value that is a function
-- expect: runtime_error
local co = coroutine.create(function() error(print) end)
coroutine.resume(co)
error(co)
