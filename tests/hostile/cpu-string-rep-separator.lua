-- string.rep of nothing with a separator of nothing: a C loop of 2^62 empty copies
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return #string.rep("", 1 << 62, "")
