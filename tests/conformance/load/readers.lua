-- levels: none restricted strict(error,setmetatable,coroutine.wrap,coroutine.yield,string.sub)
local check = require "check"

local function pieces(...)
    local t, i = {...}, 0
    return function() i = i + 1; return t[i] end
end
check.is("pieces", {load(pieces("return ", "1 ", "+ 2"))()}, {load(pieces("return 'a", "b'"))()}, {load(pieces("ret", "urn 5"))()}, load(pieces())())
check.is("an empty piece ends it", load(pieces("return 1", "", " + 1"))())
check.is("numbers are pieces", {load(pieces("return ", 42))()}, load(pieces("return ", 1.5))())
check.is("each byte alone", (function() local s, i = "return 'bytes' .. 1", 0; return load(function() i = i + 1; if i <= #s then return s:sub(i, i) end end)() end)())
check.is("named", {pcall(load(pieces("error('m')"), "=name"))}, {pcall(load(pieces("error('m')")))}, pcall(load(pieces("error('m')"), "@file.lua")))
check.is("with an environment", load(pieces("return v"), "=c", "t", {v = 9})())
check.is("refused", {load(pieces("x ="), "=c")}, {load(pieces("x ="))}, load(pieces("return 1"), "=c", "b"))
-- By check.call: the message handler of lua(1), which adds a traceback, would hear of errors inside load.
check.call("a wrong piece", load, function() return {} end)
check.call("another wrong piece", load, function() return true end, "=c")
check.call("a wrong piece, on its line", function()
    local x = 1
    return load(function() return print end)
end)
check.call("an error in it", load, function() error("in reader", 0) end)
check.call("an error with a place", load, function() error("placed") end, "=c")
check.call("an error that is a table", load, function() error({7}) end)
check.call("an error without a value", load, function() error() end)
check.call("an error of Lua's own", load, function() local x; return x.y end)
check.is("no error, no pieces", (load(function() end)), type(load(function() return nil end)))
check.is("a yield in it", coroutine.wrap(function() return load(function() coroutine.yield("x") end) end)())
check.is("long", (function() local n = 0; return load(function() n = n + 1; if n == 1 then return "return 0" elseif n <= 2000 then return " + 1" end end)() end)())
check.is("no function", {pcall(load, {})}, {pcall(load, nil)}, pcall(load, setmetatable({}, {__call = function() return nil end})))
check.is("called with nothing", (function() local counts = {}; load(function(...) counts[#counts + 1] = select("#", ...); if #counts < 3 then return " " end end); return counts end)())
check.is("it may load itself", load(function() local f = load("return 'return 7'"); local done; return f and (function() local v = f(); f = nil; return nil end)() end)())
check.is("in a metamethod", setmetatable({}, {__index = function(_, k) return load(pieces("return '", k, "'"))() end}).key)
