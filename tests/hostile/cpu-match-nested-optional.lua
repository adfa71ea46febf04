-- Optional items one after the other: two ways at each, 190 deep
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.match(string.rep("a", 100), string.rep("a?", 95) .. string.rep("a", 60) .. "b")
