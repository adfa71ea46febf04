-- An error value that contains itself, 200 deep, with a million items
-- expect: runtime_error
-- time: 5000 ms
local t = {} t.t = t for i = 1, 100000 do t[i] = t end
local d = t for i = 1, 300 do d = {d} end
error(d)
