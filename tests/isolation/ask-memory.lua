-- How much memory is used, and how much there is
print(collectgarbage("count"))
local count, kept = 0, {}
print(pcall(function()
    while true do
        kept[count + 1] = ("x"):rep(1000) .. count
        count = count + 1
    end
end))
kept = nil
print(count, collectgarbage("count") < 1e6)
print(pcall(string.rep, "x", 3 * 1024 * 1024))
print(#string.rep("x", 1024 * 1024))
