-- Chunk names of load that pretend to be the host's, too long, with format directives
-- expect: runtime_error
load("error('%s%n')", "@/etc/passwd")
local f = load("error('x%s')", "=" .. string.rep("%n", 10000))
pcall(f)
pcall(load("local a = nil; a.b.c = 1", "\n\0\n"))
load("error({}, 2)", "=[C]")()
