-- levels: none restricted strict(string.byte)
local check = require "check"

check.is("C escapes", "\a\b\f\n\r\t\v\\\"\'")
check.is("byte values", ("\a\b\f\n\r\t\v\\\"\'"):byte(1, -1))
check.is("decimal", "\65\066\67", "\0", "\255", "\0010")
check.is("hexadecimal", "\x41\x62\xfF", "\x00")
check.is("skipped white space", "a\z
                                 b\z   c\z

      d")
check.is("an escaped line end", "a\
b")
check.is("utf-8 of every length", ("\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"):byte(1, -1))
check.is("utf-8 beyond Unicode", ("\u{200000}\u{3FFFFFF}\u{4000000}\u{7FFFFFFF}"):byte(1, -1))
check.is("utf-8 with zeros in front", "\u{0041}\u{000000042}")
check.is("single and double quotes", 'a"b', "a'b")
check.is("a surrogate", ("\u{D800}"):byte(1, -1))

check.each {
    [["\256"]],
    [["\300x"]],
    [["\x4"]],
    [["\x4g"]],
    [["\xg"]],
    [["\q"]],
    [["\u41"]],
    [["\u{}"]],
    [["\u{g}"]],
    [["\u{41"]],
    [["\u{80000000}"]],
    [["\u{FFFFFFFFFFFF}"]],
    [["abc]],
    [['abc"]],
    [["a\]],
    [["\c"]],
    [["\-"]],
    [["\9999"]],
}
check.is("a string that ends with the line", load("x = 'a\nb'", "=chunk"))
check.is("a string that ends with the text", load("x = 'a", "=chunk"))
check.is("an escape that ends with the text", load("x = 'a\\", "=chunk"))
check.is("a zero byte in a string", load("return 'a\0b'", "=chunk")())
check.is("carriage returns escaped", load("return 'a\\\r\nb\\\n\rc\\\rd'", "=chunk")())
