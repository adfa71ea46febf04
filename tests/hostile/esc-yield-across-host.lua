-- Yield inside callbacks called from C (sort, gsub, metamethods, load reader).
-- expect: ok
local co = coroutine.wrap(function()
  pcall(table.sort, {3, 2, 1}, function() coroutine.yield() end)
  pcall(string.gsub, "x", "x", function() coroutine.yield() end)
  pcall(load, function() coroutine.yield() end)
  pcall(tostring, setmetatable({}, {__tostring = function() coroutine.yield() end}))
  return "HELD"
end)
local r = co() for i = 1, 10 do if r == "HELD" then return r end r = co() end
return "HELD"
