-- error(nil), and an error in the handler of that
-- expect: runtime_error
xpcall(error, function() error(nil) end, nil)
error(nil)
