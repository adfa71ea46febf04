-- 190 functions inside one another, each looking for names in all the outer ones
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local open = string.rep("local a,b,c,d,e,f,g = 1 return function(...) ", 60)
local body = string.rep("x = y + z ", 20000)
local text = open .. body .. string.rep(" end", 60)
while true do load(text) end
