-- A 1 MB [set] tested per character: O(n*m).
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
return string.find(string.rep("a", 1000000), "[" .. string.rep("b", 1000000) .. "]")
