-- An iterator of gmatch that never comes to its first match
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
for _ in string.gmatch(string.rep("a", 100), string.rep("a-", 30) .. "b") do end
