-- os.date with conversions beyond C99, and those that could read files or the environment
-- expect: ok
-- time: 5000 ms
for c = 0, 255 do
  pcall(os.date, "%" .. string.char(c)) pcall(os.date, "!%E" .. string.char(c)) pcall(os.date, "%O" .. string.char(c))
end
for _, f in ipairs{"%", "!", "!%", "%E", "*", "*tt", "!*t", "%99d", "%Ez", "%:z"} do pcall(os.date, f) pcall(os.date, f, 1 << 62) pcall(os.date, f, -1 << 55) end
return "HELD"
