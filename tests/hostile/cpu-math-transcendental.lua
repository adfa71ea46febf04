-- fmod, pow and the rest with the arguments that libm is slowest on
-- expect: time_limit
while true do
  math.fmod(1e308, 5e-324) math.sin(1e308) math.tan(1e22) math.exp(-745.13) math.log(5e-324, 10)
  local _ = 1e308 % 5e-324, 1.0000001 ^ 1e300, 1e308 // 5e-324
end
