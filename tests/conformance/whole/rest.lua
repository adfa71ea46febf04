-- levels: none
local check = require "check"

check.is("package", type(package.path), type(package.cpath), package.config:byte(1), #package.searchers, package.loaded.string == string, package.loaded._G == _G, type(package.preload))
package.preload.made = function(...) return {...} end
check.is("preload", require "made", (select(2, require "made")), package.loaded.made ~= nil)
package.preload.nothing = function() end
check.is("a module without a value", require "nothing", package.loaded.nothing)
package.preload.failing = function() error("at loading", 0) end
check.call("a module that fails", require, "failing")
local ok, message = pcall(require, "no.such.module")
check.is("a module that is not there", ok, message:match("^[^\n]+"), (message:gsub("\n\t[^\n]*", "")))
check.is("searchpath", package.searchpath("check", "./?.lua"), package.searchpath("no.such", "./?.lua;x/?"), package.searchpath("a-b", "?", "-", "+"))
check.is("a searcher of one's own", (function() table.insert(package.searchers, 2, function(n) if n == "own" then return function(name, extra) return name .. extra end, "extra" end return "\n\tnot mine" end); local a, b = require "own"; table.remove(package.searchers, 2); return a, b end)())
check.is("bytecode", load(string.dump(function(...) return 1 + 1, ... end))(5), load(string.dump(load("return 7"), true), "=c", "b")(), load(string.dump(print == nil and print or function() end), "=c", "t"))
check.call("a C function has none", string.dump, print)
check.is("upvalues of bytecode are new", (function() local u = 5; local f = load(string.dump(function() return u end)); return pcall(f) end)())
check.is("truncated bytecode", load(string.dump(function() end):sub(1, 10), "=c"))
check.is("collecting", collectgarbage(), collectgarbage("collect"), type(collectgarbage("count")), collectgarbage("isrunning"), collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"), type(collectgarbage("step")))
check.is("modes", type(collectgarbage("incremental")), collectgarbage("generational"), collectgarbage("incremental"), type(collectgarbage("setpause", 150)), collectgarbage("setpause", 200), type(collectgarbage("setstepmul", 120)), collectgarbage("setstepmul", 100))
check.call("a wrong option", collectgarbage, "some")
check.is("weak tables", (function() local w = setmetatable({}, {__mode = "v"}); w[1] = {}; w[2] = "text"; local kept = {}; w[3] = kept; collectgarbage(); return w[1], w[2], w[3] == kept end)())
check.is("weak keys", (function() local w = setmetatable({}, {__mode = "k"}); w[{}] = 1; local k = {}; w[k] = 2; collectgarbage(); local n = 0 for _ in pairs(w) do n = n + 1 end return n, w[k] end)())
check.is("finalizers", (function() local log = {}; for i = 1, 3 do setmetatable({}, {__gc = function() log[#log + 1] = "f" .. i end}) end collectgarbage(); collectgarbage(); table.sort(log); return log end)())
check.is("finalizers in reverse order", (function() local log = {}; do local a = setmetatable({}, {__gc = function() log[#log + 1] = "a" end}); local b = setmetatable({}, {__gc = function() log[#log + 1] = "b" end}) a, b = nil end collectgarbage(); return table.concat(log) end)())
check.is("an object that comes back", (function() local saved; do local o = setmetatable({v = 7}, {__gc = function(o) saved = o end}); o = nil end collectgarbage(); return saved and saved.v end)())
check.is("dofile and loadfile", type(dofile("check.lua").is), type(loadfile("check.lua")), (loadfile("no_such.lua")), select(2, loadfile("no_such.lua")), pcall(dofile, "no_such.lua"))
check.is("loadfile's environment", pcall(loadfile("check.lua", "t", {})))
check.is("arg", arg[0], #arg, arg[1], ...)
check.is("tostring of addresses", tostring({}):match("^table: 0x%x+$") ~= nil, tostring(print):match("^builtin") or tostring(print):match("^function: ") , string.format("%p", {}) :match("^0x%x+$") ~= nil, string.format("%p", 5), string.format("%-10p|", nil))
check.call("the metatable of strings", function() return getmetatable("").__index == string, getmetatable("").__metatable end)
