-- Error object whose __tostring runs our code while the HOST formats the error (outside limits).
-- expect: time_limit
error(setmetatable({}, {__tostring = function() while true do end end}))
