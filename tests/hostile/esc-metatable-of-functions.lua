-- Give functions, numbers, nil or booleans a metatable: only debug can
-- expect: ok
for _, v in ipairs{print, 1, true, coroutine.create(print), "x"} do
  if pcall(setmetatable, v, {}) then return "ESCAPED: a " .. type(v) .. " took a metatable" end
end
if pcall(setmetatable, nil, {}) then return "ESCAPED: nil took a metatable" end
return "HELD"
