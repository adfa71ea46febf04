-- levels: none restricted strict(math.maxinteger,math.mininteger,string)
local check = require "check"

check.is("sub", ("hello"):sub(2), ("hello"):sub(2, 4), ("hello"):sub(-3), ("hello"):sub(-3, -2), ("hello"):sub(0), ("hello"):sub(10), ("hello"):sub(3, 2), ("hello"):sub(-100, 2), ("hello"):sub(1, 100), ("hello"):sub(math.mininteger, math.maxinteger), ("hello"):sub(2.0, 3.0), ("hello"):sub("2"))
check.is("byte", {("hello"):byte()}, {("hello"):byte(2)}, {("hello"):byte(-1)}, {("hello"):byte(1, -1)}, {(""):byte()}, {("x"):byte(5)}, {("x"):byte(0)}, {("hello"):byte(3, 2)}, {("\0\255"):byte(1, 2)}, ("x"):byte(math.mininteger, math.maxinteger))
check.is("char", string.char(), string.char(72, 105), string.char(0), string.char(255), #string.char(table.unpack({}, 1, 0)))
check.is("rep", ("ab"):rep(3), ("ab"):rep(3, ","), ("ab"):rep(1, ","), ("ab"):rep(0), ("ab"):rep(-5), (""):rep(10), ("x"):rep(2, ""), (""):rep(3, "-"), #("x"):rep(100000), ("x"):rep(3, "ab\0"))
check.is("case", ("Hello World 123"):upper(), ("Hello World 123"):lower(), ("äÖ"):upper(), ("äÖ"):lower(), ("\0a"):upper())
check.is("reverse", ("hello"):reverse(), (""):reverse(), ("a\0b"):reverse())
check.is("len", ("hello"):len(), (""):len(), ("\0\0"):len(), #"é")
check.is("comparison", "a" < "b", "a" < "B", "abc" < "abd", "ab" < "abc", "" < "\0", "a\0b" < "a\0c", "\xff" > "a", "a" >= "a")
check.is("concatenation", "a" .. "b" .. "c", "a" .. 1 .. 2.0, "" .. "")
check.is("large", #(("x"):rep(1000) .. ("y"):rep(1000)), ("x"):rep(1000) == ("x"):rep(1000), ("x"):rep(41) == ("x"):rep(40) .. "x")
check.each {
    "('x'):rep(1e100)", "('x'):rep(-1)", "('x'):rep(1 << 62)", "('x'):rep(math.maxinteger)", "('xx'):rep(math.maxinteger // 2 + 1)", "('x'):rep(math.maxinteger, 'yy')", "('x'):rep(2^53 + 1)", "('abc'):byte(1, 2, 3)", "('abc'):sub()", "string.char(1, 2, 300)", "string.char(1e100)", "('x'):upper(1)", "('x'):len(1, 2)", "('x'):reverse().y", "string.sub(5, 1)", "('x'):sub(1.5)", "('x'):sub('a')", "('hello'):byte(1, 1e9)",
}
