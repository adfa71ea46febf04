-- os.time reads its fields through an __index that never returns
-- expect: time_limit
return os.time(setmetatable({}, {__index = function() while true do end end}))
