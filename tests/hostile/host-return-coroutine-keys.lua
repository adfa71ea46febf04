-- Tables keyed by coroutines and functions
-- expect: value_limit
return {[coroutine.create(print)] = 1, [function() end] = 2}
