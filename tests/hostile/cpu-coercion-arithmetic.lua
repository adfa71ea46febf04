-- Strings as operands: every operator converts both sides anew through the metamethods of strings
-- expect: time_limit
local a, b = "1" .. string.rep("0", 150), "1e308"
while true do local _ = a + b, a * b, a // b, a % b, a ^ b, -a, a - b, a / b end
