-- (a*)^25 b on 60 a's: C(85,25) states.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.find(string.rep("a", 60), string.rep("a*", 25) .. "b")
