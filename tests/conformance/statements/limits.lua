-- levels: none restricted strict(string.rep)
local check = require "check"

local function locals(n)
    local t = {}
    for i = 1, n do t[i] = "local a" .. i end
    return table.concat(t, "\n")
end
check.is("200 locals", (load(locals(200), "=chunk")) ~= nil)
check.is("201 locals", load(locals(201), "=chunk"))
local function upvalues(n)
    local t, u = {}, {}
    for i = 1, 150 do t[i] = "local a" .. i .. " = " .. i end
    for i = 151, n do u[i - 150] = "local a" .. i .. " = " .. i end
    local uses = {}
    for i = 1, n do uses[i] = "a" .. i end
    return table.concat(t, "\n") .. "\nreturn (function()\n" .. table.concat(u, "\n") .. "\nreturn function() return " .. table.concat(uses, "+") .. " end end)()()"
end
check.is("254 upvalues", load(upvalues(254), "=chunk")())
check.is("256 upvalues", load(upvalues(256), "=chunk"))
check.is("250 results", select("#", load("return " .. ("1,"):rep(249) .. "1", "=chunk")()))
check.is("300 results", load("return " .. ("f(),"):rep(299) .. "1", "=chunk"))
check.is("a deep expression", load("return " .. ("("):rep(150) .. "1" .. (")"):rep(150), "=chunk")())
-- By check.call: the message handler of lua(1), which adds a traceback, would hear of an overflow inside load.
check.call("too deep an expression", load, "return " .. ("("):rep(500) .. "1" .. (")"):rep(500), "=chunk")
check.call("too deep a table", load, "return " .. ("{"):rep(500) .. ("}"):rep(500), "=chunk")
check.call("too deep blocks", load, ("do "):rep(500) .. ("end "):rep(500), "=chunk")
check.call("too deep functions", load, ("function f() "):rep(500) .. ("end "):rep(500), "=chunk")
check.call("many unary operators", load, "return " .. ("not "):rep(500) .. "1", "=chunk")
check.is("a long concatenation", #load("return " .. ("'x'.."):rep(150) .. "'x'", "=chunk")())
check.call("too long a concatenation", load, "return " .. ("a.."):rep(500) .. "a", "=chunk")
check.call("a long power", load, "return " .. ("1^"):rep(500) .. "1", "=chunk")
check.is("a long sum", load("return " .. ("1+"):rep(5000) .. "1", "=chunk")())
check.is("many constants", (function() local t = {} for i = 1, 70000 do t[i] = i + 0.5 end local r = load("return {" .. table.concat(t, ",") .. "}")() return #r, r[1], r[70000] end)())
check.is("many texts", (function() local t = {} for i = 1, 70000 do t[i] = "'s" .. i .. "'" end local r = load("return {" .. table.concat(t, ",") .. "}")() return #r, r[1], r[70000] end)())
check.is("many fields", (function() local t = {} for i = 1, 3000 do t[i] = "f" .. i .. "=" .. i end local r = load("return {" .. table.concat(t, ",") .. "}")() return r.f1, r.f3000 end)())
check.is("a long jump", (function() return #load("local n = 0 while n < 2 do n = n + 1 " .. ("local x = n; "):rep(100) .. ("n = n + 0; "):rep(40000) .. " end return 'jumped'")() end)())
check.is("many elseif", load("local x = 99 if x == 0 then return 0 " .. (function() local t = {} for i = 1, 150 do t[i] = "elseif x == " .. i .. " then return 'found " .. i .. "'" end return table.concat(t, " ") end)() .. " end")())
check.is("many registers", load("local " .. (function() local t = {} for i = 1, 190 do t[i] = "a" .. i end return table.concat(t, ",") end)() .. " = 1 return a1 .. 'x' .. 2 .. 3 .. 4 .. 5 .. 6, a190")())
check.is("too many registers", (load("local a = f(" .. ("a,"):rep(260) .. "1)", "=chunk")), select(2, load("local a = f(" .. ("a,"):rep(260) .. "1)", "=chunk")))
