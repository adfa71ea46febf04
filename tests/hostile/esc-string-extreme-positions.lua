-- Positions, counts and widths at the ends of what an integer can count: nothing before or behind a string is read
-- expect: ok
local most, least = math.maxinteger, math.mininteger
local s, EXTREMES = "secret", { most, least, most - 1, least + 1, 0, -0.0, 7, -7, 6, -6, 1 << 31, -(1 << 31), 1 << 32, 2^53 }
local function within(text) return s:find(text, 1, true) end
for _, i in ipairs(EXTREMES) do
    for _, j in ipairs(EXTREMES) do
        if not within(s:sub(i, j)) then return "ESCAPED: sub " .. i .. " " .. j end
        local ok, bytes = pcall(function() return string.char(s:byte(i, j)) end)
        if ok and not within(bytes) then return "ESCAPED: byte " .. i .. " " .. j end
        for _, f in ipairs({ utf8.len, utf8.codepoint, utf8.offset }) do pcall(f, s, i, j) pcall(f, s, i, j, true) end
    end
    for _, f in ipairs({ string.find, string.match }) do
        local ok, from, to = pcall(f, s, "()", i)
        if ok and from and (from < 1 or from > 7) then return "ESCAPED: found at " .. from end
        ok, from = pcall(f, s, "^.-%f[%z]", i)
        ok, from = pcall(f, s, "e", i, true)
        if ok and from and from ~= 2 and from ~= 5 and from ~= "e" then return "ESCAPED: plain " .. from end
    end
    for position in s:gmatch("()", i) do if position < 1 or position > 7 then return "ESCAPED: gmatch" end end
    local ok, made = pcall(string.rep, "ab", i, "-")
    if ok and #made > 60 then return "ESCAPED: rep made " .. #made end
    if pcall(string.rep, "x", most, "y") or pcall(string.rep, "xy", (most >> 1) + 1) then return "ESCAPED: rep" end
    ok, made = pcall(string.unpack, "z", s .. "\0", i)
    if ok and not within(made) then return "ESCAPED: unpack z" end
    ok, made = pcall(string.unpack, "<i8", s:rep(2), i)
    if ok and (made >> 56) & 0xFF > 127 then return "ESCAPED: unpack i8" end
    ok, made = pcall(string.unpack, "c4", s, i)
    if ok and not within(made) then return "ESCAPED: unpack c4" end
    pcall(string.format, "%d %x %c %5.3s", i, i, i, s)
    pcall(utf8.char, i)
    pcall(string.gsub, s, ".", "%0", i)
    pcall(string.packsize, ("c" .. math.tointeger(i)):gsub("-", ""))
end
for _, length in ipairs({ "\255\255\255\255\255\255\255\255", "\255\255\255\255\255\255\255\127", "\7\0\0\0\0\0\0\0" }) do
    if pcall(string.unpack, "<s8", length .. s) then return "ESCAPED: a string longer than what is there" end
end
if pcall(string.packsize, ("c" .. (1 << 30)):rep(3)) or pcall(string.packsize, "c99999999999999999999") or pcall(string.pack, "!17i4", 1)
    or pcall(string.pack, "i17", 1) or pcall(string.unpack, "i16", ("\255"):rep(15) .. "\1") then return "ESCAPED: pack" end
for _, format in ipairs({ "%100d", "%.100f", "%0-+ #0-+ #d", "%99.99999d", "%", "%5", "%.", "%10q", "%#s", "%y", "%lld", "%n", "%*d" }) do
    if pcall(string.format, format, 1) then return "ESCAPED: format " .. format end
end
return "HELD"
