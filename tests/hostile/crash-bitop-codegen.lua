-- Wrong code generation for bitwise ops with >256 constants (5.4.0-5.4.4, fixed 5.4.5, c764ca71): operates on the wrong register.
-- expect: ok|runtime_error
local code = {"local x = {"}
for i = 1, 257 do code[#code + 1] = i .. ".1," end
code[#code + 1] = "};"
code = table.concat(code)
local function check(ret, val)
  local r = {pcall(assert(load(code .. ret)))}
  if r[2] ~= val then error("WRONG RESULT for '" .. ret .. "': " .. tostring(r[2]) .. " wanted " .. val) end
end
check("return (1 ~ (2 or 3))", 1 ~ 2)
check("return (1 | (2 or 3))", 1 | 2)
check("return (1 + (2 or 3))", 1 + 2)
check("return (1 << (2 or 3))", 1 << 2)
print("OK")
return "HELD"
