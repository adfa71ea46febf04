-- Everything the VM can do without a function, in one loop
-- expect: time_limit
local t, s, i = {}, "x", 0
while true do
  i = i + 1
  t[i & 1023] = (i * 3 // 2 % 7) ~ (i << 3) | (i >> 2)
  s = (#s > 1000) and "" or s .. i
  if not (i == s) and (i <= 5 or i > 6.5) then t.x = -i end
end
