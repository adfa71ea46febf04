-- levels: restricted strict(warn)
-- Warnings go to the host's callback from the beginning; lua(1), and level none, begin with them off.
local check = require "check"

warn("heard ", "at once")
warn("@off")
warn("not heard")
check.is("off and on", warn("@on"))
warn("heard again")
