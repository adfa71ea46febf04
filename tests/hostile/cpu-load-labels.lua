-- load of a text with 150,000 labels in one block: each is compared with all before it
-- expect: time_limit
-- hook: no (one call of load; the hook does not come in there)
local t = {}
for i = 1, 150000 do t[i] = "::l" .. i .. "::" end
local text = table.concat(t, " ")
while true do load(text) end
