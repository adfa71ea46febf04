-- A loop in a comparator, below pcall, below a coroutine, below gsub
-- expect: time_limit
while true do
  pcall(string.gsub, "x", "x", function()
    coroutine.wrap(function() table.sort({2, 1}, function() while true do end end) end)()
  end)
end
