-- In which order pairs gives names: the same for all of an engine, for it chooses how strings are hashed
local t, order = {}, {}
for i = 1, 200 do
    t["name" .. i] = i
    t[("long name "):rep(10) .. i] = -i
end
for _, v in pairs(t) do
    order[#order + 1] = v
end
for _, library in ipairs({ _G, string, table, math, os, coroutine, utf8 }) do
    for name in pairs(library) do
        order[#order + 1] = name
    end
end
print(table.concat(order, " "))
