-- require of names that are not there, long ones too
-- expect: time_limit
local name = string.rep("x.", 100000)
while true do pcall(require, name) pcall(require, "io") require("string") end
