-- Random single-byte corruption of dumped bytecode, loaded and run: memory corruption in the VM.
-- expect: ok
local ok, d = pcall(string.dump, function(a, b) local t = {a, b, x = 1} for i = 1, 3 do t[i] = t.x .. i end return #t, t[2] end)
if not ok then return "HELD: no string.dump" end
if not load(d) then return "HELD: binary refused" end
for i = 1, 30000 do
  local p = math.random(20, #d)
  local m = d:sub(1, p - 1) .. string.char(math.random(0, 255)) .. d:sub(p + 1)
  local f = load(m)
  if f then pcall(coroutine.wrap(f), 1, 2) end
end
return "ESCAPED: ran corrupted bytecode (and by luck did not crash)"
