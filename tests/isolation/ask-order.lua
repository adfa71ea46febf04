-- In which order pairs gives objects and numbers, and where the next objects will lie
local t, order = {}, {}
for i = 1, 100 do
    t[{}] = i
    t[function() return i end] = -i
    t[i * 7919] = i
end
for _, v in pairs(t) do
    order[#order + 1] = v
end
print(table.concat(order, " "))
for i = 1, 50 do
    print(tonumber(string.format("%p", { i })) % 4294967296, tonumber(string.format("%p", ("x"):rep(i * 40) .. i)) % 4294967296)
end
