-- levels: none restricted strict(next,rawequal,coroutine.create,math.type,string.rep)
local check = require "check"

check.each {
    "type(nil)", "type(true)", "type(1)", "type(1.5)", "type('')", "type({})", "type(print)", "type(function() end)", "type(coroutine.create(print))",
    "type()", "type(type)", "type(nil, 1)", "type((nil))",
    "math.type(1)", "math.type(1.0)", "math.type('1')", "math.type(nil)", "math.type()", "math.type(2^31)", "math.type(1 // 1)", "math.type(1 / 1)", "math.type(3 | 0)",
    "nil == false", "not nil", "not 0", "not ''", "0 == false", "'' == false", "1 == 1.0", "'1' == 1", "0 == -0", "0.0 == -0.0", "({} == {})", "print == print",
    "1 < 2.5", "'a' < 'b'", "'a' < 'B'", "'' < 'a'", "'a\\0b' < 'a\\0c'", "'a' < 'a\\0'", "'10' < '9'", "'\\xff' > 'a'", "'Z' < 'a'", "('a'):rep(100) < ('a'):rep(99) .. 'b'",
    "1 < 'x'", "{} < {}", "nil < 1", "true < false", "print <= print", "'1' < 2", "{} <= 1",
}
local t = {}
check.is("a table is itself", t == t, rawequal(t, t), t ~= {})
local function make() return function() end end
check.is("closures with nothing of their own", type(make() == make()))
check.is("strings by value", "ab" == "a" .. "b", rawequal(("x"):rep(100), ("x"):rep(100)))
check.call("nil as a key", function() t[nil] = 1 end)
check.call("NaN as a key", function() t[0/0] = 1 end)
check.is("reading them is allowed", t[nil], t[0/0])
t[1.0], t[2^53] = "float", "large"
check.is("a float key that is an integer", t[1], {next(t) == 1 or next(t)}, math.type(2^53), t[1 << 53])
t[1.5], t["1"], t[true] = 15, "text", "truth"
check.is("other keys", t[1.5], t["1"], t[1], t[true], t[false])
