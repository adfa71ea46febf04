-- Dofile/loadfile are in the BASE library: error message leaks file contents, devices hang.
-- expect: ok
if loadfile then local f, e = loadfile("/etc/passwd") return "ESCAPED: loadfile: " .. tostring(e) end
if dofile then local ok, e = pcall(dofile, "/etc/hostname") return "ESCAPED: dofile: " .. tostring(e) end
return "HELD"
