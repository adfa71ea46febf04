-- Functions with names of a megabyte, in the trace
-- expect: runtime_error
-- time: 5000 ms
local name = string.rep("n", 1000000)
load("local t = {} function t." .. name .. "() error('x') end t." .. name .. "()")()
