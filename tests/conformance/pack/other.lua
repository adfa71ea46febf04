-- levels: none restricted strict(string)
local check = require "check"

local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, v in ipairs {0.0, -0.0, 1.5, -2.25, 0.1, 1e300, 1 / 0, -1 / 0, 3, 5e-324} do
    local name = ("%a"):format(v)
    check.is("floats of " .. name, hex(string.pack("<f", v)), hex(string.pack("<d", v)), hex(string.pack("<n", v)), hex(string.pack(">d", v)), (string.unpack("<f", string.pack("<f", v))), string.unpack("<d", string.pack("<d", v)) == v)
end
check.is("texts with their length", hex(string.pack("s", "abc")), hex(string.pack("s1", "abc")), hex(string.pack(">s2", "abc")), {string.unpack("s1", "\3abcdef")}, {string.unpack("<s4", "\2\0\0\0xyz")}, hex(string.pack("s1", "")))
check.is("texts to a zero", hex(string.pack("z", "abc")), {string.unpack("z", "abc\0def")}, {string.unpack("zz", "a\0b\0")}, hex(string.pack("zB", "", 1)))
check.is("texts of a size", hex(string.pack("c5", "abc")), hex(string.pack("c0", "")), {string.unpack("c3", "abcdef")}, {string.unpack("c0", "abc")}, hex(string.pack("c3c3", "ab", "cde")))
check.is("padding", hex(string.pack("bxb", 1, 2)), {string.unpack("bxb", "\1\0\2")}, hex(string.pack("xx")), string.packsize("bxxb"))
check.is("alignment", hex(string.pack("!4 b i4", 1, 2)), hex(string.pack("<!8 b d", 1, 2.0)), hex(string.pack("!2 b i4", 1, 2)), string.packsize("!8 b Xi8"), string.packsize("!4 b Xi4 b"), string.packsize("!b i4 b"), hex(string.pack("<!4 b Xi4", 1)), {string.unpack("<!4 b i4", "\1\0\0\0\2\0\0\0")}, string.packsize("b i4"), string.packsize("! b d"), hex(string.pack("<!4 i2 i4 i2", 1, 2, 3)))
check.is("order", hex(string.pack("<i2>i2=i2", 1, 1, 1)), {string.unpack("<i2>i2", "\1\0\0\1")}, hex(string.pack(" < i2 > i2 ", 1, 1)))
check.is("many", {select("#", string.unpack(("b"):rep(100), ("x"):rep(100)))}, #string.pack(("i4"):rep(100), table.unpack((function() local t = {} for i = 1, 100 do t[i] = i end return t end)())))
check.is("sizes", string.packsize("b"), string.packsize("hilj"), string.packsize("fdn"), string.packsize("c10"), string.packsize("!8 b d b"), string.packsize(""), string.packsize("T"), string.packsize("i7"), string.packsize("<i2>i4"))
check.is("a record", (function() local f = ">I2 s1 d z"; return string.unpack(f, string.pack(f, 7, "name", 2.5, "tail")) end)())
check.each {
    "string.pack('c2', 'abc')", "string.pack('c', 'x')", "string.pack('z', 'a\\0b')", "string.pack('s1', ('x'):rep(256))", "string.pack('s17', 'x')", "string.pack('y', 1)", "string.pack('!3 i4', 1)", "string.pack('!17 i4', 1)", "string.pack('!0 i4', 1)", "string.pack('X', 1)", "string.pack('Xz')", "string.pack('Xc1')", "string.pack('!4 Xi3')", "string.pack('!4 i3', 1)", "string.pack('X')", "string.pack('XX')", "string.packsize('s')", "string.packsize('z')", "string.packsize('c2147483647c2147483647')", "string.packsize('c99999999999')", "string.packsize('i4 c2147483640')", "string.unpack('z', 'abc')", "string.unpack('z', '')", "string.unpack('s1', '\\5abc')", "string.unpack('s4', 'ab')", "string.unpack('c5', 'abc')", "string.unpack('d', 'abc')", "string.unpack('f', '')", "string.unpack('x', '')", "string.unpack('!4 b i4', '\\1')", "string.pack('d', 'x')", "string.pack('d', '1.5') == string.pack('d', 1.5)", "string.pack('f')", "string.pack('s', 5) == string.pack('s', '5')", "string.pack('s', {})", "string.pack('z', nil)", "string.pack('i4i', 1)", "string.pack(5)", "string.pack({})", "string.unpack('i', nil)", "string.pack('<!', 1)", "string.pack('i99', 1)", "string.pack('i1234567890123', 1)", "string.unpack('<!4 Xi4 b', 'a')", "string.unpack('>s1', '\\0')", "('<i4'):pack(5):byte(1, -1)", "('<i4'):unpack('\\5\\0\\0\\0')", "('i4'):packsize()",
}
