-- __pairs that never ends / yields junk (hosts using luaL_pairs semantics).
-- expect: ok
return setmetatable({}, {__pairs = function(t) return function() return 1, 1 end, t, nil end})
