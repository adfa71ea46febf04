-- levels: none restricted strict(string)
local check = require "check"

check.is("plain", {("a.b.c"):find(".", 1, true)}, {("a.b.c"):find("b.", 1, true)}, {("a+b"):find("+", 1, true)}, {("abc"):find("", 1, true)}, {("abc"):find("", 4, true)}, {("abc"):find("", 5, true)}, ("abc"):find("x", 1, true))
check.is("without specials", {("hello world"):find("wor")}, {("hello"):find("l")}, {("hello"):find("xyz")}, {("a\0b"):find("\0")}, (("x"):rep(1000) .. "y"):find("xy"))
check.is("with specials", {("hello world"):find("o w")}, {("hello world"):find("[aeiou]")}, {("hello"):find("l+")}, {("a.b"):find("%.")}, {("hello"):find("(l)(l)")}, ("hello"):find("()ll()"))
check.is("from a place", {("hello"):find("l", 4)}, {("hello"):find("l", 5)}, {("hello"):find("l", -2)}, {("hello"):find("l", -100)}, {("hello"):find("h", 0)}, {("hello"):find("", 6)}, {("hello"):find("", 7)}, ("hello"):find("l", 100))
check.is("anchored", {("hello"):find("^h")}, {("hello"):find("^l")}, {("hello"):find("^l", 3)}, {("hello"):find("o$")}, {("hello"):find("^hello$")}, {("hello"):find("^", 3)}, ("hello"):find("$"))
check.is("captures", {("key=val"):find("(%w+)=(%w+)")}, {("abc"):find("()b()")}, {("abc"):find("(b)(x?)")}, ("abc"):find("((a)(b))"))
check.is("match", {("hello"):match("l+")}, {("hello"):match("(h)(e)")}, {("hello"):match("()l")}, {("hello"):match("x")}, {("hello"):match("^(.-)l")}, {("hello"):match("l", 4)}, {("hello"):match(".", -1)}, {("  x"):match("^%s*(.*)")}, {("x"):match("(y?)")}, ("x"):match("()"))
check.is("32 captures", #{(("x"):rep(32)):match(("(.)"):rep(32))})
check.is("nested", ("abc"):match("(a(b(c)))"), ("[[x]]"):match("%[(%[(.-)%])%]"))
check.is("backtracking", {("aaaa"):match("a*a")}, {("aaaab"):match(".*b")}, {("abcabc"):match(".*b")}, {("abcabc"):match(".-b")}, {("foobarbar"):match("foo(.*)bar")}, {("foobarbar"):match("foo(.-)bar")}, ("aab"):match("a?a?a?b"))
check.is("balance", {("f(a(b)c)d)"):match("%b()")}, {("<<a>>"):match("%b<>")}, {("("):match("%b()")}, {("a)b("):match("%b()")}, ("''x''"):match("%b''"))
check.is("frontier", {("hello world"):gsub("%f[%w]%w", string.upper)}, {("abc"):find("%f[%z]")}, {("x1y2"):gsub("%f[%d]", "<")}, {("abc"):find("%f[%w]")}, ("  a"):find("%f[%S]"))
for _, pattern in ipairs {"(", ")", "(()", "())", "%", "a%", "[", "[a", "[^", "[]", "[a-", "[%", "[%a", "%f", "%fa", "%b", "%b(", "%1", "(a)%2", "%0", "(%1)", "(a%1)", "%9", ("(.)"):rep(33), "((a)", "[%]", "[[]]", "*", "+a", "?", "-", "^*", "a**", "%a++", "()%1", "%f[a", "x%b()("} do
    local name = #pattern > 50 and pattern:sub(1, 8) .. " of length " .. #pattern or pattern
    check.is("pattern " .. name, pcall(string.find, ("a"):rep(3), pattern), pcall(string.match, "", pattern))
end
check.is("too complex", pcall(string.match, ("x"):rep(5000), ("x?"):rep(5000)))
check.is("on its line", pcall(function() local x; x = ("x"):find("%") end))
check.is("init of other types", {("abc"):find("c", "2")}, {("abc"):find("c", 2.0)}, {pcall(string.find, "abc", "c", {})}, {pcall(string.find, "abc", "c", 1.5)}, {("abc"):find("b", nil)}, ("abc"):find("b", nil, true))
check.is("plain is truth", {("a.c"):find(".", 2, 1)}, {("a.c"):find(".", 2, false)}, {("a.c"):find(".", 2, "no")}, ("a.c"):find(".", 2, nil))
