-- levels: none restricted strict(math.maxinteger,math.mininteger,string.find)
local check = require "check"

for _, spec in ipairs {"%d", "%i", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d", "%-8.3d|", "%+.0d", "%.0d", "%x", "%X", "%#x", "%#X", "%8x", "%08x", "%.5x", "%o", "%#o", "%u", "%+5i", "% 05d", "%-+5d|", "%99d", "%.99d", "%c", "%5c", "%-5c|"} do
    local row = {}
    for i, v in ipairs {0, 1, 65, -1, 12345, math.maxinteger, math.mininteger} do
        if spec:find("c") and (v < 0 or v > 255) then v = 66 end
        local ok, text = pcall(string.format, spec, v)
        row[i] = text
    end
    check.is(spec, row)
end
check.each {"('%d'):format(3.0)", "('%d'):format(-0.0)", "('%d'):format('7')", "('%d'):format('7.0')", "('%d'):format(3.5)", "('%d'):format('3.5')", "('%d'):format(2^63)", "('%d'):format(-2^63)", "('%d'):format(1e100)", "('%d'):format(0/0)", "('%d'):format({})", "('%d'):format(nil)", "('%x'):format(-1)", "('%x'):format(1.0)", "('%x'):format(1.5)", "('%c'):format(0)", "('%c%c'):format(65, 256 + 66)", "('%c'):format('65')", "('%c'):format('A')", "('%i'):format(true)"}
