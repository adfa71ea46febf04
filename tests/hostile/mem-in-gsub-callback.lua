-- Run out of memory inside a gsub callback, inside its half-built result
-- expect: memory_limit
-- time: 5000 ms
local t = {}
string.gsub(string.rep("x", 10000000), ".", function(c) t[#t + 1] = {c} return "yyyyyyyy" end)
return "ESCAPED: there was memory for everything"
