-- The deepest nesting that 200 C calls allow, each with the largest frame that a C function has
-- expect: ok
-- time: 5000 ms
local function nest(n)
  if n == 0 then return "x" end
  return (string.gsub(string.rep("x", 3), "x", function() return string.format("%99.99f%s", 1e300, nest(n - 1)):sub(1, 10) end, 1))
end
for depth = 10, 200, 10 do pcall(nest, depth) end
local function cat(n) return table.concat({string.rep("y", 2000), setmetatable({}, {__index = function() return cat(n - 1) end})[1]}) end
pcall(cat, 200)
return "HELD"
