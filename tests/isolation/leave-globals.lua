-- Writes into every table it can reach, and makes tables of its own behind them
local seen = {}
local function spoil(t)
    if seen[t] then
        return
    end
    seen[t] = true
    local keys = {}
    for k, v in pairs(t) do
        keys[#keys + 1] = k
        if type(v) == "table" then
            spoil(v)
        end
    end
    t.message, t[1], t[2.5], t[true] = "was here", "was here", {}, {}
    setmetatable(t, { __index = function() return "was here" end, __newindex = {}, __metatable = "was here" })
end
spoil(_G)
