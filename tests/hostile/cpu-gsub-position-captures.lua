-- gsub with position captures and %f: frontier tests at every place, nothing replaced
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
local s = string.rep(" a", 4000000)
while true do string.gsub(s, "%f[%w]()%w()%f[%W]%d", "") end
