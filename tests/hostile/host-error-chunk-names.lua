-- A chunk name of a megabyte, and one full of newlines, in message and trace
-- expect: runtime_error
-- time: 5000 ms
load("load('error(1, 1)', string.rep('\\n', 100))()", "@" .. string.rep("c", 1000000))()
