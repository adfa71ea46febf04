-- As above but fail with a number error object (lua_tostring allocates).
-- expect: runtime_error
-- time: 5000 ms
hog = {}
local n, sz = 0, 1 << 20
while sz >= 1 do
  local ok = pcall(function() while true do n = n + 1 hog[n] = string.rep("x", sz) .. n end end)
  sz = sz // 2
end
error(12345.678)
