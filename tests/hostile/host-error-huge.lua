-- Error with a 30 MB string.
-- expect: runtime_error
-- time: 5000 ms
error(string.rep("E", 30000000), 0)
