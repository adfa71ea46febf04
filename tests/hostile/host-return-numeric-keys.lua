-- Numeric keys: a host that calls lua_tolstring on the key breaks lua_next ('invalid key to next').
-- expect: ok
local t = {} for i = 1, 50 do t[i * 1.5] = i t[i * 1000003] = i end return t
