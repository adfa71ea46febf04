-- Plain string.find of a long needle that almost matches everywhere: all the time in memchr and memcmp, one C call
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local hay = string.rep("a", 16000000)
local needle = string.rep("a", 8000000) .. "b"
return hay:find(needle, 1, true)
