-- Heap OOB read -> type confusion: coroutine.close keeps a stale L->errfunc offset (5.4.0-5.4.7, fixed 5.4.8, 3fe7be95); a GC inside __close shrinks the stack, then error() fetches a "handler" from beyond the stack block and calls it.
-- expect: ok|runtime_error
-- defect: close-errfunc-oob
-- time: 5000 ms
local bad
for r = 1, 200 do
  local c = coroutine.create(function()
    local clo <close> = setmetatable({}, {__close = function()
      for i = 1, 4000 do local t = {i, {i}, {}} end     -- natural GC: shrinks this thread's stack
      if collectgarbage then collectgarbage() end
      error(134)
    end})
    local function deep(n)
      if n == 0 then xpcall(coroutine.yield, function() return "XXX" end) return 0 end
      local a, b, c, d, e, f, g, h
      return 1 + deep(n - 1)
    end
    deep(3000)
  end)
  assert(coroutine.resume(c))
  local st, msg = coroutine.close(c)
  if msg ~= 134 then bad = msg end
end
if bad ~= nil then return "ESCAPED: a stale handler was called: " .. tostring(bad) end
print("OK")
return "HELD"
