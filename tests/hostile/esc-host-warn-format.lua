-- warn and print with format directives, zero bytes and control characters: they are bytes to the host
-- expect: ok
for _, s in ipairs{"%s%s%s%n", "\0\0", "\27[2J", "\r\n\r\nX: y", string.rep("%s", 1000), ""} do print(s) warn(s) warn(s, s) end
return "HELD"
