-- Control messages of warn ("@on", "@off", others) reach the host or the next tenant: they are this script's own
-- expect: ok
warn("@on") warn("FORGED ", "WARNING ", "from a script") warn("@off") warn("unheard") warn("@nonsense")
pcall(warn) pcall(warn, {}) pcall(warn, "a", nil)
warn("@off")
--@NEXT-TENANT
warn("heard")
return "HELD"
