-- A tenant fixes the seed, for the next one too
-- expect: ok
math.randomseed(1)
return "HELD"
--@NEXT-TENANT
local mine = math.random(0)
math.randomseed(1)
if mine == math.random(0) then return "ESCAPED: the last tenant's seed is in force" end
return "HELD"
