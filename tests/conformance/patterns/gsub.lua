-- levels: none restricted strict(error,setmetatable,coroutine.create,string)
local check = require "check"

check.is("a text", {("hello"):gsub("l", "L")}, {("hello"):gsub("", "-")}, {("hello"):gsub("x", "y")}, {("hello"):gsub("l+", "")}, {(""):gsub("", "x")}, (""):gsub("x", "y"))
check.is("captures in a text", {("hello world"):gsub("(%w+)", "<%1>")}, {("hello"):gsub("(l)(l)", "%2%1")}, {("abc"):gsub("%w", "%0%0")}, {("abc"):gsub("%w", "%1")}, {("abc"):gsub("b", "%%")}, {("a b"):gsub("(%w) (%w)", "%2 %1")}, ("x"):gsub("()", "%1"))
check.is("a function", {("hello"):gsub("l", function(c) return c:upper() end)}, {("hello"):gsub("l", function() end)}, {("hello"):gsub("l", function() return false end)}, {("abc"):gsub("(a)(b)", function(a, b) return b .. a end)}, {("abc"):gsub("%w", function(c) return c:byte() end)}, ("abc"):gsub("()", function(p) return p end))
check.is("a table", {("$name is $age"):gsub("%$(%w+)", {name = "Lua", age = 30})}, {("abc"):gsub("%w", {a = "1"})}, {("abc"):gsub("%w", {a = false})}, {("abc"):gsub("%w", setmetatable({}, {__index = function(_, k) return k .. k end}))}, ("ab"):gsub("()", {[1] = "one"}))
check.is("a count", {("aaa"):gsub("a", "b", 2)}, {("aaa"):gsub("a", "b", 0)}, {("aaa"):gsub("a", "b", -1)}, {("aaa"):gsub("a", "b", 100)}, {("aaa"):gsub("", "-", 2)}, {("aaa"):gsub("a", "b", "1")}, ("aaa"):gsub("a", "b", 2.0))
check.is("anchored", {("aaa"):gsub("^a", "b")}, {("aaa"):gsub("a$", "b")}, {("abc"):gsub("^", "x")}, {("abc"):gsub("$", "x")}, ("hello"):gsub("^.*$", "all"))
check.is("empty matches", {("abc"):gsub("%w*", "x")}, {("a b"):gsub("%w*", "x")}, {("abc"):gsub("b*", "-")}, {(" a "):gsub("%s*", "_")}, ("a,b,,c"):gsub("[^,]*", "x"))
check.is("a number", {("abc"):gsub("b", 5)}, ("abc"):gsub("b", 1.5))
check.is("zeros", {("a\0b\0"):gsub("%z", "0")}, {("a\0b"):gsub("\0", "\0\0")}, ("ab"):gsub("b", "\0"))
check.is("words", {("the quick brown fox"):gsub("(%w)(%w*)", function(a, b) return a:upper() .. b end)}, {("a.b-c"):gsub("%p", "%%%0")}, ("  x  y "):gsub("%s+", " "))
check.is("escaping", {("a%b"):gsub("%%", "%%%%")}, {("<>&"):gsub("[<>&]", {["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;"})}, ("a+b"):gsub("%+", "%%"))
check.is("expansion", {("%20%41"):gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end)}, {("home = $HOME"):gsub("%$(%w+)", function(n) return "<" .. n .. ">" end)}, ("4+5 = $return 4+5$"):gsub("%$(.-)%$", function(s) return load(s)() end))
check.is("large", #(("x"):rep(10000):gsub("x", "yy")), #(("x"):rep(10000):gsub("x", "")), select(2, ("x"):rep(10000):gsub("x", "%0")))
check.is("inside itself", ("a(b(c))"):gsub("%b()", function(s) return "[" .. s:sub(2, -2):gsub("%b()", "<>") .. "]" end))
check.each {
    "('x'):gsub('x', '%')", "('x'):gsub('x', '%2')", "('x'):gsub('x', '%a')", "('x'):gsub('(x)', '%2')", "('x'):gsub('x', '%9')", "('x'):gsub('x', 'a%')", "('x'):gsub('x', function() return {} end)", "('x'):gsub('x', function() return print end)", "('x'):gsub('x', {x = {}})", "('x'):gsub('x', {x = true})", "('x'):gsub('x', nil)", "('x'):gsub('x')", "('x'):gsub('x', true)", "('x'):gsub('x', coroutine.create(print))", "('x'):gsub('x', 'y', {})", "('x'):gsub('x', 'y', 1.5)", "('x'):gsub(nil, 'y')", "('x'):gsub('(', 'y')", "('x'):gsub('%', 'y')", "('abc'):gsub('b', error)", "('abc'):gsub('b', function() error('in it', 0) end)", "('abc'):gsub('(b', '')", "('abc'):gsub('b', '%0%1')", "('abc'):gsub('()b', '%1')", "('abc'):gsub('.', {a = 1, b = 2.5, c = 'x'})", "('abc'):gsub('%w', '%%%0')", "('x y'):gsub('(%w) (%w)', '%0 %2 %1')",
}
