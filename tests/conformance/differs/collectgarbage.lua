-- levels: restricted strict(collectgarbage,setmetatable,next)
-- The collector is Lunette's to drive.
local check = require "check"

check.is("count", type(collectgarbage("count")))
check.is("collect and step", collectgarbage(), collectgarbage("collect"), collectgarbage("step"), collectgarbage("isrunning"))
local weak = setmetatable({}, {__mode = "k"})
weak[{}] = true
collectgarbage()
collectgarbage("step", 1000)
check.is("nothing was collected", next(weak) ~= nil)
for _, option in ipairs {"stop", "restart", "incremental", "generational", "setpause", "setstepmul", "nonsense"} do
    check.call(option, function() return collectgarbage(option) end)
end
