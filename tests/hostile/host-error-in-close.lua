-- Main chunk fails again while closing variables.
-- expect: runtime_error
local a <close> = setmetatable({}, {__close = function(_, e) error({e}) end})
local b <close> = setmetatable({}, {__close = function(_, e) error({e}) end})
error("first")
