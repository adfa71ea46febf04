-- gsub with a pattern that fails late at every position: quadratic in one call
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.gsub(string.rep("ab", 1000000), "[ab]*c", "")
