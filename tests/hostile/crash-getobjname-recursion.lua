-- The name of what is nil is looked for through 20,000 fields of fields: recursion without limit in C, quadratic (to 5.4.6)
-- expect: runtime_error
-- defect: getobjname-recursion
-- time: 10000 ms
local t = {}
t.a = t
load("local t = ... return t" .. string.rep(".a", 20000) .. ".b.c")(t)
