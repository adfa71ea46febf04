-- String.rep('', 1e18): C loop of 1e18 empty copies (fixed only after 5.5.0).
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return #string.rep("", math.maxinteger)
