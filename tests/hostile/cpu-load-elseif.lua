-- A chain of 100,000 elseif: every jump out is put on a list that is walked
-- expect: time_limit
-- hook: no (one call of load; the hook does not come in there)
local text = "local x if x == 0 then " .. string.rep("elseif x == 1 then x = 2 ", 100000) .. " end"
while true do load(text) end
