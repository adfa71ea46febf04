-- Widths with more than 2 digits, bad conversions, huge precisions.
-- expect: ok
for _, f in ipairs{"%999d", "%99999999d", "%.100f", "%099999x", "%-+ #0d", "%5.5.5f", "%z", "%", "%q", "%10q"} do pcall(string.format, f, 1) end
return "HELD"
