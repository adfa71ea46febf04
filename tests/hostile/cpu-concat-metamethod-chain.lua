-- A chain of 150 operands whose __concat gives back the operand
-- expect: time_limit
local o = setmetatable({}, {})
getmetatable(o).__concat = function(a, b) return o end
local f = load("local o = ... return function() return " .. string.rep("o", 150, "..") .. " end")(o)
while true do f() end
