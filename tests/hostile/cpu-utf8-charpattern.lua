-- gsub with utf8.charpattern over text that is all continuation bytes
-- expect: time_limit
-- hook: no (single instructions take milliseconds here, and the hook looks once in a thousand)
local s = string.rep("\x80", 12000000)
while true do s:gsub(utf8.charpattern, "") s:find(utf8.charpattern .. "z") end
