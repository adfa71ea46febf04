-- Functions with 200 locals each, and a name that is looked for among all of them and is not there
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local names = {}
for i = 1, 199 do names[i] = "v" .. i end
local f = "do local " .. table.concat(names, ",") .. " x=" .. string.rep("y", 150, "+") .. " end "
local text = string.rep(f, 300)
while true do load(text) end
