-- levels: none restricted strict(string.sub)
local check = require "check"

for _, spec in ipairs {"%f", "%.0f", "%.1f", "%10.3f", "%-10.3f|", "%+.2f", "% .2f", "%010.2f", "%#.0f", "%e", "%.0e", "%.3E", "%12.4e", "%g", "%.3g", "%G", "%#g", "%10g", "%.17g", "%a", "%A", "%.3a", "%.0a", "%20a", "%+a", "%.99f", "%99.1f"} do
    local row = {}
    for i, v in ipairs {0.0, -0.0, 1.0, -2.5, 0.1, 123456789.125, 1e100, 1e-100, 1 / 0, -1 / 0, 5, 5e-324} do
        local text = string.format(spec, v)
        row[i] = #text > 130 and #text .. text:sub(1, 20) .. text:sub(-20) or text
    end
    check.is(spec, row)
end
check.is("not a number", string.format("%5.1f|%g|%e|%a", 0 / 0, 0 / 0, 0 / 0, 0 / 0):gsub("-", ""))
check.each {"('%f'):format('1.5')", "('%f'):format('x')", "('%f'):format(nil)", "('%g'):format(2^53)", "('%g'):format(1 << 53)", "('%.14g'):format(0.1)", "('%.20f'):format(0.1)", "('%5.1f|%-8.2e|%g'):format(1.25, 1234.5, 0.0001)", "('%a'):format(1)", "('%a'):format(0.5)", "('%A'):format(-1.5)", "('%g'):format({})", "#('%.99f'):format(1e308)", "('%.14f'):format(1/3)"}
