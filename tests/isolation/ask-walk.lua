-- What is there: every name, its type, and where it lies in the arena
local seen = {}
local function low(v)
    return tonumber(string.format("%p", v)) % 4294967296
end
local function walk(path, value)
    print(path, type(value), value == nil and "" or type(value) == "string" and value or type(value) == "number" and value or
        type(value) == "boolean" and tostring(value) or low(value))
    if type(value) ~= "table" or seen[value] then
        return
    end
    seen[value] = true
    local names = {}
    for name in pairs(value) do
        names[#names + 1] = tostring(name)
    end
    table.sort(names)
    for _, name in ipairs(names) do
        walk(path .. "." .. name, value[name])
    end
    walk(path .. "<metatable>", getmetatable(value))
end
walk("_G", _G)
walk("running", (coroutine.running()))
walk("strings", getmetatable(""))
