-- An assignment replaces the very __newindex that it goes through: the collector is told of the new value instead of the table (all before 5.4.9)
-- expect: ok
-- defect: newindex-barrier-uaf
-- time: 20000 ms
local COUNT, tables = 4000, {}
for i = 1, COUNT do
    local metatable = {}
    metatable.__newindex = metatable
    tables[i] = { metatable, setmetatable({}, metatable) }
end
local lost = 0
for round = 1, 100 do
    for i = 1, COUNT do
        rawset(tables[i][1], "__newindex", tables[i][1])
        tables[i][2].__newindex = { round, i, "x" .. i }
    end
    for i = 1, COUNT do
        local value = rawget(tables[i][1], "__newindex")
        if type(value) ~= "table" or value[1] ~= round or value[2] ~= i or value[3] ~= "x" .. i then
            lost = lost + 1
        end
    end
end
return lost == 0 and "HELD: the values are what they were" or "ESCAPED: " .. lost .. " values lost"
