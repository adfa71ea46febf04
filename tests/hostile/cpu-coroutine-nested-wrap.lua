-- wrap in wrap in wrap to the limit, in each of which something remains to be done
-- expect: time_limit
local function f(n) if n > 0 then coroutine.wrap(f)(n - 1) end coroutine.yield(n) end
while true do local co = coroutine.wrap(f) for i = 1, 10 do pcall(co, 185) end end
