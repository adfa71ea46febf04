-- levels: none restricted strict(error,string.byte,string.gmatch,utf8)
local check = require "check"

local text = "aé€😀z"
local function all(s, lax)
    local t = {}
    for p, c in utf8.codes(s, lax) do t[#t + 1] = p .. "=" .. c end
    return table.concat(t, " ")
end
check.is("codes", {all(text)}, {all("")}, {all("\0")}, all("\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"))
check.is("codes, lax", all("\u{110000}\u{7FFFFFFF}\u{D800}", true))
for _, bad in ipairs {"\x80", "\xff", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\u{D800}", "\u{DFFF}", "ok\xe2\x82", "\xc3\xc3", "é\x80", "\u{110000}", "\xfe", "a\x80b"} do
    local name = (bad:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
    check.is("bytes " .. name, pcall(all, bad), pcall(all, bad, true), utf8.len(bad))
    check.is("code points of " .. name, pcall(utf8.codepoint, bad, 1, -1), pcall(utf8.codepoint, bad, 1, -1, true))
end
check.is("len", {utf8.len(text)}, {utf8.len("")}, {utf8.len(text, 2)}, {utf8.len(text, -1)}, {utf8.len(text, 3)}, {utf8.len(text, 2, 3)}, {utf8.len(text, 12)}, {utf8.len(text, 1, 0)}, {utf8.len(text, 5, 4)}, {utf8.len("\u{D800}")}, {utf8.len("\u{D800}", 1, -1, true)}, utf8.len("\u{7FFFFFFF}", 1, -1, true))
check.is("codepoint", {utf8.codepoint(text)}, {utf8.codepoint(text, 2)}, {utf8.codepoint(text, 1, -1)}, {utf8.codepoint(text, -1)}, {utf8.codepoint(text, 4, 4)}, utf8.codepoint("", 1, 0))
check.is("char", utf8.char(), utf8.char(97, 233, 8364, 128512), utf8.char(0), utf8.char(0x7FFFFFFF):byte(1, -1))
check.is("every length of char", #utf8.char(0x7F), #utf8.char(0x80), #utf8.char(0x7FF), #utf8.char(0x800), #utf8.char(0xFFFF), #utf8.char(0x10000), #utf8.char(0x1FFFFF), #utf8.char(0x200000), #utf8.char(0x3FFFFFF), #utf8.char(0x4000000))
check.is("offset", utf8.offset(text, 1), utf8.offset(text, 2), utf8.offset(text, 3), utf8.offset(text, 5), utf8.offset(text, 6), utf8.offset(text, 7), utf8.offset(text, -1), utf8.offset(text, -5), utf8.offset(text, -6), utf8.offset(text, 0), utf8.offset(text, 0, 5), utf8.offset(text, 0, 3), utf8.offset("", 1), utf8.offset("", 0), utf8.offset("", 2))
check.is("offset from a place", utf8.offset(text, 2, 4), utf8.offset(text, -1, 4), utf8.offset(text, 1, 4), utf8.offset(text, 3, 2), utf8.offset(text, -2, 11))
check.is("the pattern", utf8.charpattern, (function() local t = {} for c in text:gmatch(utf8.charpattern) do t[#t + 1] = #c end return t end)())
check.is("round trip", utf8.char(utf8.codepoint(text, 1, -1)) == text)
check.each {
    "utf8.char('x')", "utf8.char(-1)", "utf8.char(0x80000000)", "utf8.char(1.5)", "utf8.char('65')", "utf8.char({})", "utf8.codepoint()", "utf8.codepoint('abc', 4)", "utf8.codepoint('abc', 0)", "utf8.codepoint('abc', 1, 4)", "utf8.codepoint('abc', 'x')", "utf8.codepoint('abc', -4)", "utf8.codepoint('abc', 3, 2)", "utf8.codepoint('é', 2)", "utf8.len()", "utf8.len('abc', 5)", "utf8.len('abc', 4)", "utf8.len('abc', 0)", "utf8.len('abc', 1, 4)", "utf8.len('abc', 1, 1.5)", "utf8.len('é', 2)", "utf8.len({})", "utf8.offset()", "utf8.offset('abc')", "utf8.offset('abc', 1, 5)", "utf8.offset('abc', 1, 0)", "utf8.offset('abc', 1, -4)", "utf8.offset('é', 1, 2)", "utf8.offset('é', 0, 2)", "utf8.offset('abc', 'x')", "utf8.offset('abc', 10)", "utf8.codes()", "utf8.codes(5)", "utf8.codes({})", "#utf8.charpattern", "utf8.len(123)", "select('#', utf8.codes('x'))",
}
check.call("an error in a loop, on its line", function()
    for p, c in utf8.codes("ab\xff") do
    end
end)
