-- Math.random with extreme ranges; randomseed with junk.
-- expect: ok
for _, a in ipairs{math.mininteger, math.maxinteger, 0, -1, 1 << 53} do for _, b in ipairs{math.mininteger, math.maxinteger, 0, -1} do
  pcall(math.random, a, b) pcall(math.random, a) pcall(math.randomseed, a, b) end end
pcall(math.randomseed, 0/0) pcall(math.randomseed, 1/0) pcall(math.random, 0/0) pcall(math.random, 1, 2, 3)
pcall(math.fmod, math.mininteger, -1) pcall(math.fmod, 1, 0) local x = math.mininteger // -1, math.mininteger % -1
pcall(math.tointeger, "x") pcall(math.abs, math.mininteger) pcall(math.ult, 1) pcall(function() return 1 // 0 end) pcall(function() return 1 % 0 end)
pcall(function() for i = math.maxinteger - 1, math.maxinteger do end end) pcall(function() for i = 1, 0, 0 do end end) pcall(function() for i = math.mininteger, math.maxinteger, math.maxinteger do end end)
return "HELD"
