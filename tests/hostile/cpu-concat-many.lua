-- One concatenation of 150 operands of a hundred kilobytes
-- expect: time_limit
local s = string.rep("x", 100000)
local f = load("local s = ... return function() return " .. string.rep("s", 150, "..") .. " end")(s)
while true do f() end
