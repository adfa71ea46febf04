-- Upvalues closed while their closures are made, in coroutines that are closed meanwhile
-- expect: ok
-- time: 5000 ms
for i = 1, 2000 do
  local fs = {}
  local co = coroutine.create(function()
    for k = 1, 10 do
      local v = {k}
      local c <close> = setmetatable({}, {__close = function() fs[#fs + 1] = function() v = v[1] return v end end})
      fs[#fs + 1] = function() return v end
      if k == 5 then coroutine.yield() end
    end
  end)
  coroutine.resume(co) coroutine.close(co)
  for _, f in ipairs(fs) do f() end
end
return "HELD"
