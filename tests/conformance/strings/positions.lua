-- levels: none restricted strict(string,math.abs,math.maxinteger,math.mininteger)
local check = require "check"

local places = {math.mininteger, -8, -7, -6, -1, 0, 1, 2, 6, 7, 8, math.maxinteger, 2.0, "3", -0.0}
local s = "abcdef"
for _, i in ipairs(places) do
    local row = {}
    for _, j in ipairs(places) do row[#row + 1] = s:sub(i, j) .. "|" .. table.concat({s:byte(i, j)}, ",") end
    check.is("sub and byte from " .. tostring(i), table.concat(row, " "))
    check.is("sub and byte at " .. tostring(i), s:sub(i), s:byte(i))
    check.is("find from " .. tostring(i), {s:find("", i)}, {s:find("", i, true)}, {s:find("c", i)}, {s:find("c", i, true)}, {s:find("^c", i)}, {s:find("$", i)}, {s:find("()", i)}, {s:find(".-$", i)})
    check.is("match from " .. tostring(i), s:match(".", i), s:match("^.", i), s:match("()$", i), s:match("[c-e]+", i))
    check.is("gmatch from " .. tostring(i), (function() local t = {} for c in s:gmatch("[aceg]", i) do t[#t + 1] = c end return t end)(), (function() local t = {} for p in s:gmatch("()", i) do t[#t + 1] = p end return t end)())
    check.is("gsub so many times, " .. tostring(i), s:gsub(".", "<%0>", i))
    check.is("rep so many times, " .. tostring(i), math.abs(i) < 1000 and s:rep(i, ",") or (i < 0 and s:rep(i)) or "many")
    check.call("unpack from " .. tostring(i), string.unpack, "B", s, i)
    check.call("nothing unpacked from " .. tostring(i), string.unpack, "", s, i)
end
check.is("the empty text", (""):sub(1, 1), (""):byte(1), (""):byte(0), (""):find("", 1), (""):find("", 2), (""):find("x"), (""):rep(5), (""):rep(5, "-"), (""):reverse(), (""):len(), {(""):gsub("", "x")}, {(""):gsub("x*", "y")})
check.is("empty matches", {("abc"):gsub("", "-")}, {("abc"):gsub("x*", "-")}, {("abc"):gsub("b*", "-")}, {("abc"):gsub("$", "-")}, {("abc"):gsub("^", "-")}, {("a b"):gsub("%f[%w]", "<")}, {("hello world"):gsub("o?", ".")})
check.is("anchors in gmatch", (function() local t = {} for w in ("^a^a"):gmatch("^a") do t[#t + 1] = w end return t end)())
check.is("every byte", (function() local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end local all = table.concat(t) return #all, all:byte(1), all:byte(-1), all:upper():byte(98), all:lower():byte(66), all:reverse():byte(1), (all:find("\0", 1, true)), (all:find("\255", 1, true)), (all:find("[\128-\255]")) end)())
check.each {
    "('x'):rep(math.maxinteger)", "('xy'):rep(1 << 62)", "('x'):rep(1 << 62, 'yyyy')", "('x'):rep(1.5)", "('x'):rep('2')", "('x'):rep({})", "('x'):rep(2, {})", "('x'):rep(2, 5)", "('x'):sub()", "('x'):sub('a')", "('x'):sub(1.5)", "('x'):byte(1.5)", "('x'):byte({})", "string.char(256)", "string.char(-1)", "string.char(1.5)", "string.char('65')", "string.char()", "('x'):find()", "('x'):find(nil)", "('x'):find('x', 1.5)", "('x'):find('x', {})", "('x'):gsub('x')", "('x'):gsub('x', true)", "('x'):gsub('x', 'y', 'z')", "('x'):gsub('x', 'y', 1.5)", "('x'):gsub('x', '%')", "('x'):gsub('x', '%2')", "('x'):gsub('(x)', '%1%0%%')", "('x'):gsub('x', {x = true})", "('x'):gsub('x', {x = {}})", "('x'):gsub('x', function() return false end)", "('x'):gsub('x', function() return nil end)", "('x'):gsub('x', function() return 5 end)", "('x'):gsub('()', '%1')", "('x'):gmatch()", "('x'):gmatch('x', 'y')", "('x'):gmatch('(')", "('x'):match('%')", "('x'):match('[')", "('x'):match('[a')", "('x'):match('[a-')", "('x'):match('%b')", "('x'):match('%bx')", "('x'):match('%f')", "('x'):match('%fx')", "('x'):match('(()')", "('x'):match('())')", "('x'):match('%1')", "('x'):match('(%1)')", "('x'):match(('()'):rep(32))", "('x'):match(('()'):rep(33))", "('x'):match(('x*'):rep(250))",
}
