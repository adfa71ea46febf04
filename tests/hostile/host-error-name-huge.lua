-- Error object with a 20 MB __name.
-- expect: runtime_error
-- time: 5000 ms
error(setmetatable({}, {__name = string.rep("N", 20000000)}))
