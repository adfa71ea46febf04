-- Loadfile of an endless device / blocking stdin.
-- expect: ok
if not loadfile then return "HELD" end
return loadfile("/dev/zero")
