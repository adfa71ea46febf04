-- os.time with fields at the edges, through tables and metamethods
-- expect: time_limit
local extreme = {math.mininteger, math.maxinteger, 2147483647, -2147483648, 0, 1e300, "12", "x", {}}
while true do
  for _, a in ipairs(extreme) do for _, b in ipairs(extreme) do
    pcall(os.time, {year = a, month = b, day = 1}) pcall(os.time, {year = 2000, month = 1, day = a, hour = b, isdst = true})
    pcall(os.date, "*t", a) pcall(os.difftime, a, b)
  end end
end
