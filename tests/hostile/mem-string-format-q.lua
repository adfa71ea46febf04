-- %q of NULs: 4x expansion.
-- expect: memory_limit
-- time: 5000 ms
local s = string.rep("\0001", 10000000) return #string.format("%q", s)
