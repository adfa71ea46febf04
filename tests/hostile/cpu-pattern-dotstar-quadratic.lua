-- .-b over 2 MB: O(n^2) in one C call.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.find(string.rep("a", 2000000), ".-b")
