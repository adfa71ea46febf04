-- levels: none restricted strict(math.maxinteger,math.mininteger,string)
local check = require "check"

local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, format in ipairs {"b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "i1", "i2", "i3", "i4", "i5", "i7", "i8", "i9", "i16", "I1", "I3", "I8", "I16", "<i4", ">i4", "=i4", "<h>h", "<j", ">j", ">i3", ">I16", "!4 i4", "<i2 >i2"} do
    local row = {}
    for i, v in ipairs {0, 1, -1, 127, 128, -128, 255, 256, 65535, 1 << 31, math.maxinteger, math.mininteger} do
        local ok, s = pcall(string.pack, format, v, v)
        row[i] = ok and hex(s) .. " " .. table.concat({pcall(string.unpack, format, s)}, " ", 2) or s
    end
    check.is("format " .. format, row, string.packsize(format))
end
check.each {"string.pack('i17', 1)", "string.pack('i0', 1)", "string.pack('i4', 2^31)", "string.pack('i4', 1.5)", "string.pack('i4', '7')", "string.pack('i4', 'x')", "string.pack('i4', {})", "string.pack('i4')", "string.pack('B', -1)", "string.pack('b', 200)", "string.pack('I2', 65536)", "string.pack('j', 1e100)", "string.unpack('i9', ('\\xff'):rep(9))", "string.unpack('i9', ('\\xff'):rep(8) .. '\\0')", "string.unpack('<i16', ('\\1'):rep(16))", "string.unpack('<I9', ('\\1'):rep(9))", "string.unpack('<i12', '\\5' .. ('\\0'):rep(11))", "string.unpack('i4', 'abc')", "string.unpack('i4', '')", "string.unpack('i2', 'abcd', 2)", "string.unpack('i2', 'abcd', 4)", "string.unpack('i2', 'abcd', 5)", "string.unpack('i2', 'abcd', 6)", "string.unpack('i2', 'abcd', -2)", "string.unpack('i2', 'abcd', -5)", "string.unpack('i1', 'a', 'x')", "string.unpack('', 'abc')", "string.pack('')", "string.pack('', 1, 2)", "string.pack('b', 1, 2)", "string.unpack('b', 'a', 2)", "string.unpack('<i3', 'abcdef', 4)"}
