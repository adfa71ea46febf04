-- The next tenant's random numbers are known to the last one: both see the same sequence
-- expect: ok
local t = {}
for i = 1, 4 do t[i] = math.random(0) end
pcall(math.randomseed, 42)
--@NEXT-TENANT
math.randomseed(42)
local seeded = math.random(0)
math.randomseed()
local a = math.random(0)
math.randomseed()
local b = math.random(0)
if a == b or a == seeded then return "ESCAPED: the seed is not fresh" end
return "HELD"
