-- Back references of ever longer captures compared at every place
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.match(string.rep("a", 200000), "(a*)%1b")
