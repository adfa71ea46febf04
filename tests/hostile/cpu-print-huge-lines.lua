-- print of ever the same 10 MB, and of values whose __tostring prints
-- expect: time_limit
local s = string.rep("x", 10000000)
local o = setmetatable({}, {__tostring = function() print("inside") return "o" end})
while true do print(s, o) end
