-- utf8.len, codepoint and codes over 16 MB
-- expect: time_limit
local s = string.rep("\u{10FFFF}", 3000000)
while true do utf8.len(s) for _ in utf8.codes(s) do end end
