-- C-stack overflow (SIGSEGV) by a chain of coroutines whose __close closes the previous one; lua_resetthread in 5.4.0-5.4.4 resets nCcalls (fixed 5.4.5, 1e64c139).
-- expect: ok
-- defect: coroutine-close-chain
-- time: 5000 ms
local coro = false
for i = 1, 25000 do
  local previous = coro
  coro = coroutine.create(function()
    local cc <close> = setmetatable({}, {__close = function()
      if previous then assert(coroutine.close(previous)) end
    end})
    coroutine.yield()
  end)
  assert(coroutine.resume(coro))
end
print(coroutine.close(coro))
print("OK")
return "HELD"
