-- Coroutines that die of memory, whose memory the next one takes
-- expect: time_limit
-- time: 700 ms
while true do coroutine.resume(coroutine.create(function() local t = {} for i = 1, 1e9 do t[i] = {i} end end)) end
