-- levels: none restricted strict(string.rep)
local check = require "check"

check.is("level 0", [[a]], [[]], [[ ]])
check.is("levels up", [=[a]]b]=], [==[a]=]b]==], [===[]]]=]]==]]===])
check.is("the first line end is dropped", [[
a]], [[

a]])
check.is("nothing is an escape", [[\n\x41\]])
check.is("comment signs", [[--]], [[--[=[ ]=] ]])
check.is("quotes", [["']])
check.is("nested brackets", [[a[b]c[[d]])
check.is("lines", [[a
b
c]])
check.is("carriage return", load("return [[a\rb]]")())
check.is("both", load("return [[a\r\nb]]")(), load("return [[a\n\rb]]")(), load("return [[\r\na]]")())
check.is("two of one", load("return [[a\n\nb\r\rc]]")())
check.is("a zero byte", load("return [[a\0b]]")())
check.is("a high level", load("return [" .. ("="):rep(100) .. "[x]" .. ("="):rep(100) .. "]")())
check.is("length of a large one", #load("return [[" .. ("x"):rep(100000) .. "]]")())
check.each {
    "[=x]",
    "[==",
    "[[abc",
    "[=[abc]]",
    "[=[abc]==]",
    "#[[abc]]",
    "a = [[x]] [[y]]",
}
local t = {[ [[key]] ] = 1}
check.is("as a key", t.key, t[ [[key]] ])
check.is("as an argument", (function(x) return x end)[[text]])
