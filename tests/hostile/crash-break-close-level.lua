-- 'break' emits OP_CLOSE with the wrong level so a to-be-closed variable is not closed (5.4.4, fixed 5.4.5, 997f11f5) -> host resource guards relying on <close> are skipped.
-- expect: ok|runtime_error
local closed = false
local o1 = setmetatable({}, {__close = function() closed = true end})
local function test()
  for k, v in next, {}, nil, o1 do
    local function f() return k end
    break
  end
  assert(closed, "WRONG: variable not closed at break")
end
test()
print("OK")
return "HELD"
