-- A suspended coroutine with a stale handler closed by every other way: wrap's error path, a generic for, a dead resume
-- expect: ok|runtime_error|time_limit
-- defect: close-errfunc-oob
-- time: 5000 ms
for r = 1, 50 do
  local co
  co = coroutine.wrap(function()
    local c <close> = setmetatable({}, {__close = function() for i = 1, 2000 do local t = {i, {}} end error(134) end})
    local function deep(n)
      if n == 0 then xpcall(function() coroutine.yield() error("in") end, function() return "handler" end) error("out") end
      local a, b, c, d, e = deep(n - 1)
      return a
    end
    deep(2000)
  end)
  co()
  local ok, e = pcall(co)
  if ok or (e ~= 134 and not tostring(e):find("134")) then return "ESCAPED: " .. tostring(e) end
end
return "HELD"
