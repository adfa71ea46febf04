-- A __concat handler grows the stack in the middle of a long concatenation, which goes on with the old top (5.4.4 as Debian patched it, fixed 5.4.5)
-- expect: ok|runtime_error|vm_fault|memory_limit|time_limit
-- defect: concat-stale-top
-- time: 5000 ms
local function deep(n) if n > 0 then return (deep(n - 1)) end return "d" end
local mt = {__concat = function(a, b)
  local t = {}
  deep(150000)
  return "x"
end}
local wrong
for i = 1, 20 do
  local s = coroutine.wrap(function()
    local o = setmetatable({}, mt)
    return "a" .. "b" .. o .. "c" .. "d" .. o .. "e" .. string.rep("z", 100) .. i .. o .. "f"
  end)()
  if s ~= "abx" and s ~= "x" and s ~= "ax" then wrong = s end
end
if wrong then error("WRONG: " .. tostring(wrong)) end
return "HELD"
