-- %b() at every opening bracket of a million that never close: quadratic in one call
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.match(string.rep("(", 1000000), "%b()")
