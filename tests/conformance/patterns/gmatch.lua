-- levels: none restricted strict(next,coroutine.wrap,coroutine.yield,string.gmatch,string.rep)
local check = require "check"

local function all(s, p, init)
    local t = {}
    for a, b, c in string.gmatch(s, p, init) do
        t[#t + 1] = b == nil and a or {a, b, c}
    end
    return t
end
check.is("words", {all("one two  three", "%a+")}, {all("", "%a+")}, all("one", "x"))
check.is("captures", {all("a=1, b=2", "(%w+)=(%w+)")}, {all("a=1, b=2", "(%w+)=")}, all("abc", "()(.)"))
check.is("empty matches", {all("abc", "")}, {all("abc", "b*")}, {all("", "")}, {all("a b", "%w*")}, all("aXb", "X*"))
check.is("anchors are no anchors", {all("^a^a", "^a")}, {all("aaa", "^a")}, all("aaa", "a$"))
check.is("from a place", {all("abcabc", "a", 2)}, {all("abcabc", "%w", -2)}, {all("abc", "%w", 10)}, {all("abc", "%w", 4)}, {all("abc", "", 4)}, {all("abc", "", 5)}, {all("abc", "%w", 0)}, all("abc", "%w", -10))
check.is("positions", {all("hello", "()l()")}, all("a,b,,c", "()([^,]*)"))
check.is("frontier and balance", {all("the (quick) (brown(fox))", "%b()")}, all("THE quick FOX", "%f[%u]%u+"))
check.is("the iterator alone", (function() local f = ("a b"):gmatch("%a"); return f(), f(), f(), f() end)())
check.is("arguments are ignored", (function() local f = ("a b c"):gmatch("%a"); return f(1), f({}, nil), f("x", "y", "z") end)())
check.is("two at once", (function() local f, g = ("abc"):gmatch("."), ("xyz"):gmatch("."); return f() .. g() .. f() .. g() .. f() .. g() end)())
check.is("in a coroutine", (function() local f = ("abc"):gmatch("."); local co = coroutine.wrap(function() for c in f do coroutine.yield(c) end end); return co(), f(), co() end)())
check.is("values", (function() local t = {} for k, v in ("a=1;b=2"):gmatch("(%w)=(%w)") do t[k] = v end return t end)())
check.is("lines", all("one\ntwo\n\nfour", "([^\n]*)\n?"))
check.is("many", #all(("x "):rep(5000), "%w"))
check.is("a nil at the end", {select("#", ("x"):gmatch("y")())}, (("x"):gmatch("y")()))
check.call("malformed, in a loop", function() for w in ("x"):gmatch("%") do end end)
check.call("malformed, on its line", function()
    local f = string.gmatch("abc", "(a")
    local x = 1
    f()
end)
check.call("malformed, by pcall", pcall, ("abc"):gmatch("[a"))
check.call("malformed, only where it matters", function() local n = 0 for a in ("abb"):gmatch("a?b%1") do n = n + 1 end return n end)
check.call("malformed, a method", function() local o = {next = ("abc"):gmatch("%f")}; return o:next() end)
check.call("too many captures", function() for c in ("x"):rep(50):gmatch(("(.)"):rep(33)) do end end)
check.call("a capture that is not there", function() for c in ("xx"):gmatch("(x)%2") do end end)
check.call("too complex", function() for c in ("x"):rep(5000):gmatch(("x?"):rep(5000)) do end end)
check.each {"string.gmatch()", "string.gmatch('x')", "string.gmatch({}, 'x')", "string.gmatch('x', {})", "string.gmatch('x', 'x', 'y')", "('x'):gmatch()", "('x'):gmatch(nil)", "('x'):gmatch('x', 1.5)", "('x'):gmatch('x', {})", "type(('x'):gmatch('x'))", "('12'):gmatch(1)()", "string.gmatch(121, 1)()"}
