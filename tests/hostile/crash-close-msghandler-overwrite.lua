-- A message handler whose stack slot a closing method overwrites is called when the coroutine is closed (to 5.4.7)
-- expect: ok|runtime_error
-- defect: close-errfunc-oob
local called
local co = coroutine.create(function()
  local x <close> = setmetatable({}, {__close = function(_, e) local a, b, c, d, f, g = 1, 2, 3, 4, 5, 6 error(134) end})
  xpcall(coroutine.yield, function(e) called = true return "handler" end)
end)
coroutine.resume(co)
local ok, e = coroutine.close(co)
if called or e ~= 134 then return "ESCAPED: " .. tostring(e) end
return "HELD"
