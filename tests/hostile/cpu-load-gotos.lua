-- load of 60,000 gotos that wait for one label at the end
-- expect: time_limit
-- hook: no (one call of load; the hook does not come in there)
local t = {}
for i = 1, 60000 do t[i] = "do goto l" .. i .. " end" end
for i = 60000, 1, -1 do t[#t + 1] = "::l" .. i .. "::" end
while true do load(table.concat(t, "\n")) end
