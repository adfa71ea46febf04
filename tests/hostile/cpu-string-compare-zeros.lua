-- Order of long strings full of zeros: strcoll piece by piece, 8 million pieces
-- expect: time_limit
-- hook: no (one comparison is one VM instruction of some 0.1 s)
local a, b = string.rep("\0", 8000000) .. "a", string.rep("\0", 8000000) .. "b"
while true do local _ = a < b end
