-- levels: none
-- lua(1) starts in generational mode; Lunette starts as it is configured, incremental and with a pause of its own.
local check = require "check"

check.is("the mode at the beginning", collectgarbage("incremental"))
check.is("the pause", collectgarbage("setpause", 200) ~= 200)
