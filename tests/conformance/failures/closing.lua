-- levels: none restricted strict(error,setmetatable)
-- fails
print("before: 1")
local a <close> = setmetatable({}, {__close = function() print("closed: yes") end})
local b <close> = setmetatable({}, {__close = function() error("while closing") end})
error("first")
