-- levels: none
local check = require "check"

local function info(f, what) local i = debug.getinfo(f, what); i.func = nil; i.activelines = nil; return i end
local function sample(a, b, ...)
    local c = a
    return c
end
check.is("a function", info(sample, "S"), info(sample, "u"))
check.is("a C function", info(string.rep, "S"), info(string.rep, "u"), info(math.floor, "l"))
check.is("where it runs", (function() local i = debug.getinfo(1, "l"); return i.currentline end)(), (function() local i = debug.getinfo(1, "S"); return i.short_src, i.what, i.linedefined end)())
local function name_of() return debug.getinfo(2, "n") end
check.is("names", (function() local function named() local i = debug.getinfo(1, "n"); return i.name, i.namewhat end return (named()) end)(), (function() local t = {m = function() local i = debug.getinfo(1, "n"); return i.name .. " " .. i.namewhat end}; local r = t.m(); return r end)())
check.is("lines", (function() local l = {} for k in pairs(debug.getinfo(sample, "L").activelines) do l[#l + 1] = k end table.sort(l); return l end)())
check.is("locals", {debug.getlocal(sample, 1)}, {debug.getlocal(sample, 2)}, {debug.getlocal(sample, 3)}, (function() local x = 5; local n, v = debug.getlocal(1, 1); return n, v end)())
check.is("setting a local", (function() local x = 5; local n = debug.setlocal(1, 1, 7); return n, x end)())
check.is("varargs", (function(...) return debug.getlocal(1, -1) end)("first", 2))
check.is("upvalues", {debug.getupvalue(name_of, 1)}, (function() local u = 1; local function f() return u end; local n = debug.setupvalue(f, 1, 9); return n, f(), u end)())
check.is("joined upvalues", (function() local a, b = 1, 2; local function f() return a end; local function g() return b end; debug.upvaluejoin(f, 1, g, 1); return f(), debug.upvalueid(f, 1) == debug.upvalueid(g, 1) end)())
check.is("metatables", debug.getmetatable("").__index == string, getmetatable("").__name, debug.getmetatable(5), (function() debug.setmetatable(5, {__index = {double = function(n) return n * 2 end}}); local r = (21):double(); debug.setmetatable(5, nil); return r end)())
check.is("a traceback", (debug.traceback("message"):match("^message\nstack traceback:\n")))
check.is("a traceback of a coroutine", (function() local co = coroutine.create(function() local x = 1; coroutine.yield() end); coroutine.resume(co); return debug.traceback(co), debug.traceback(co, "m"), debug.traceback(co, nil, 1) end)())
check.is("a traceback of no text", debug.traceback({}) ~= nil, debug.traceback(nil) ~= nil, type(debug.traceback(print)))
check.is("in a handler", (select(2, xpcall(function() local x; return x.y end, debug.traceback)):match("^[^\n]+\nstack traceback:\n[^\n]+\n[^\n]+")))
check.is("hooks", (function() local n = 0; debug.sethook(function(e, l) n = n + 1 end, "l"); local x = 1
    x = 2
    debug.sethook(); return n >= 2, debug.gethook() end)())
check.is("a count hook", (function() local n = 0; debug.sethook(function() n = n + 1 end, "", 100); for i = 1, 1000 do end; debug.sethook(); return n > 5 end)())
check.is("calls and returns", (function() local log = {}; local function f() end; debug.sethook(function(e) if debug.getinfo(2, "f").func == f then log[#log + 1] = e end end, "cr"); f(); debug.sethook(); return log end)())
check.is("the registry", type(debug.getregistry()), debug.getregistry()[2] == _G)
check.is("user values", {debug.getuservalue(io.stdout, 1)}, debug.getuservalue(5), debug.setuservalue(io.stdout, 1, 5))
check.each {"debug.getinfo()", "debug.getinfo(100)", "debug.getinfo(1, 'X')", "debug.getinfo('x')", "debug.getlocal(100, 1)", "debug.getupvalue(5, 1)", "debug.getupvalue(print, 100)", "debug.setmetatable({}, 5)", "debug.sethook(5)", "debug.upvalueid(print, 5)", "debug.setlocal(1, 100, 5)", "debug.traceback('x', 'y')", "debug.getmetatable()", "debug.setcstacklimit(200)"}
