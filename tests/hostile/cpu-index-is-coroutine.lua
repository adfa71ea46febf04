-- Every read of a table resumes a coroutine, which reads another such table
-- expect: time_limit
local function level(n)
  return setmetatable({}, {__index = function(_, k)
    return coroutine.wrap(function() return n > 0 and level(n - 1)[k] or 1 end)()
  end})
end
while true do pcall(function() return level(180).x end) end
