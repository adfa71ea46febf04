-- __tostring returns a non-string (luaL_tolstring raises unprotected -> panic).
-- expect: ok
return setmetatable({}, {__tostring = function() return 42 end})
