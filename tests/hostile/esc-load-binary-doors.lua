-- Bytecode through every door: string, reader, pieces, mode, environment, behind blanks and comments
-- expect: ok
local sig = "\27Lua\x54\0\x19\x93\r\n\x1a\n\4\8\8"
local doors = {
  function() return load(sig) end, function() return load(sig, "x", "b") end, function() return load(sig, "x", "bt", {}) end,
  function() local n = 0 return load(function() n = n + 1 return n <= #sig and sig:sub(n, n) or nil end, "x", "b") end,
  function() local n = 0 return load(function() n = n + 1 return ({"", sig})[n + 1] end, "x", "bt") end,
  function() return load("#!lua\n" .. sig, "x", "b") end, function() return load("\xEF\xBB\xBF" .. sig, "x", "b") end,
  function() return load("return 1", "x", "b") end,
}
for i, door in ipairs(doors) do
  local ok, f = pcall(door)
  if ok and f then return "ESCAPED: bytecode through door " .. i end
end
return "HELD"
