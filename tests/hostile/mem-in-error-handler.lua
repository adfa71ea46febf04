-- xpcall handlers that need memory when there is none
-- expect: memory_limit
-- time: 5000 ms
local keep = {}
local function fill() for i = #keep + 1, 1e9 do keep[i] = {i} end end
xpcall(fill, function() fill() end)
xpcall(fill, function(e) return string.rep(e, 1000000) end)
fill()
