-- Collectgarbage('count') as a side channel on other tenants' memory.
-- expect: ok
if not collectgarbage then return "HELD" end
return "HELD: count=" .. collectgarbage("count")
