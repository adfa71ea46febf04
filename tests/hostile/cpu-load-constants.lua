-- A chunk with 300,000 different constants, and a constructor of them
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local t = {}
for i = 1, 150000 do t[i] = i .. ".5,'s" .. i .. "'" end
local text = "return {" .. table.concat(t, ",") .. "}"
while true do load(text) end
