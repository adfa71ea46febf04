-- A reader that yields, errs, loads, and resumes others
-- expect: ok
local co = coroutine.wrap(function()
  load(function() coroutine.yield(1) return "x" end)
  return "back"
end)
pcall(co)
pcall(load, function() error({}) end)
pcall(load, function() return {} end)
local n = 0
local function reader() n = n + 1 if n < 150 then return load(reader) and "" end end
pcall(load, reader)
return "HELD"
