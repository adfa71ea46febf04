-- Error object whose __tostring returns a table.
-- expect: runtime_error
error(setmetatable({}, {__tostring = function() return {} end}))
