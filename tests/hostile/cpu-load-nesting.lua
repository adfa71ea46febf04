-- Brackets, blocks, functions, operators and constructors nested beyond the parser's limit
-- expect: ok
-- time: 5000 ms
local n = 100000
for _, text in ipairs{
  string.rep("(", n), "return " .. string.rep("{", n), string.rep("do ", n), string.rep("function f() ", n), "return " .. string.rep("- ", n) .. "1",
  "return " .. string.rep("not ", n) .. "1", "return " .. string.rep("a..", n) .. "a", "return " .. string.rep("2^", n) .. "2", string.rep("while a do ", n), "x = " .. string.rep("a(", n),
  "return " .. string.rep("a[", n), string.rep("if a then ", n), "local " .. string.rep("a,", n) .. "a", string.rep("a,", n) .. "a = 1", string.rep("repeat ", n), string.rep("for i = 1, 2 do ", n),
} do
  if load(text) then return "ESCAPED: the parser has no limit for " .. text:sub(1, 20) end
end
return "HELD"
