-- Fills the memory to its limit, with blocks of every size, and leaves it so
kept = {}
pcall(function()
    for i = 1, 1e9 do
        kept[i] = ("x"):rep(i % 5000) .. i
    end
end)
