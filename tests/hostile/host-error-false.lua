-- Error(false) / boolean object.
-- expect: runtime_error
error(false)
