-- Works the collector: much garbage, weak tables, ephemerons, closures
kept = setmetatable({}, { __mode = "k" })
local values = setmetatable({}, { __mode = "v" })
for i = 1, 50000 do
    local key = { i }
    kept[key] = function() return key end
    values[i] = { key }
end
collectgarbage()
collectgarbage("step")
