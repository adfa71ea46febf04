-- The hook's own luaL_error runs the xpcall handler ON TOP of the hook, where allowhook==0: the handler's loop can never be interrupted by a hook. Fires exactly once.
-- expect: time_limit
local function loop() while true do end end
xpcall(loop, loop)
