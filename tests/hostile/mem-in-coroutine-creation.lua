-- Run out of memory while coroutines are made, with memory caught at each step and filled to the last byte
-- expect: memory_limit
-- time: 5000 ms
local t = {}
local size = 1 << 20
while size > 8 do
  if not pcall(function() t[#t + 1] = string.rep("x", size) end) then size = size // 2 end
end
while true do t[#t + 1] = coroutine.create(print) end
