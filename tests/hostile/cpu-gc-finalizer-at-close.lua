-- Object kept alive; its endless __gc runs when the host closes the state.
-- expect: runtime_error
keep = setmetatable({}, {__gc = function() while true do end end})
return "armed"
