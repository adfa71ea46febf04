-- Wide formats of strings, integers, hexadecimal floats and characters in one endless mixture: printf all the time
-- expect: time_limit
local f = string.rep("%99.99s%-99d%+99.99e%#99x%99a%099.99g%c", 50)
local a = {}
for i = 1, 50 do for _, v in ipairs{("x"):rep(90), math.mininteger, 1e308, -1, 0.1, 5e-324, 65} do a[#a + 1] = v end end
while true do string.format(f, table.unpack(a)) end
