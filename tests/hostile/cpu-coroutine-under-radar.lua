-- Tree of coroutines; NO thread ever executes 1000 instructions, so a LUA_MASKCOUNT(1000) hook (counter is per lua_State) never fires; 60^150 leaves.
-- expect: time_limit
local create, resume = coroutine.create, coroutine.resume
local function f(d)
  if d == 0 then return end
  for i = 1, 60 do resume(create(f), d - 1) end
end
f(150)
