-- Division, remainder, shifts, loops and conversions at the edges of integers: where C has undefined behaviour
-- expect: ok
local min, max = math.mininteger, math.maxinteger
local x = {min // -1, min % -1, min * -1, -min, min >> 63, min << 64, min << min, 1 << max, max + 1 == min, min // 1, math.abs(min), math.fmod(min, -1)}
for i = max - 1, max do x[#x + 1] = i end for i = min + 1, min, -1 do x[#x + 1] = i end for i = 1, max, max do x[#x + 1] = i end
for i = 1.0, 3 do x[#x + 1] = i end pcall(function() for i = 1, 0/0 do x = nil end end) for i = min, max, max do x[#x + 1] = i end
pcall(string.rep, "x", min) pcall(string.sub, "x", min, max) pcall(string.byte, "x", min, max) pcall(string.format, "%d", 2^63) pcall(table.unpack, {}, min, max) pcall(table.unpack, {}, max - 1, max)
pcall(table.move, {}, min, max, 1) pcall(table.move, {}, 1, max, max) pcall(table.insert, {}, min, 1) pcall(table.concat, {}, "", min, min + 1) pcall(utf8.char, max) pcall(utf8.codepoint, "x", min, max) pcall(utf8.offset, "x", min) pcall(utf8.offset, "x", 1, min)
pcall(select, min) pcall(select, max, 1) pcall(string.find, "x", "x", min) pcall(string.gsub, "x", "x", "y", min) pcall(string.pack, "i16", min) pcall(string.unpack, "i16", "x", min) pcall(string.char, min) pcall(math.random, min, max) pcall(os.date, "*t", max) pcall(os.time, {year = max, month = 1, day = 1}) pcall(tonumber, "1", max) pcall(string.gmatch, "x", "x", min) pcall(table.sort, setmetatable({}, {__len = function() return max end}))
return #x >= 20 and "HELD" or "ESCAPED: arithmetic went wrong"
