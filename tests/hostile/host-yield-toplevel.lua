-- Coroutine.yield() in the main chunk.
-- expect: runtime_error
coroutine.yield(1, 2, 3) return 'after'
