-- Frontiers and balanced pairs that fail at every position of a long string
-- expect: time_limit
-- hook: no (one long call of a C function)
local s = ("("):rep(200000) .. ("a"):rep(200000)
while true do
    pcall(string.find, s, ("%b()"):rep(3) .. "%f[z]z")
    pcall(string.find, s, "(%f[a].-)%f[b]%1")
    pcall(string.gsub, s, "%f[%(]%(+%f[b]", "")
end
