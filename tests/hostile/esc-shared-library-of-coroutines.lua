-- Library tables, metatables and environments changed by functions that coroutines, environments and closures keep
-- expect: ok
kept = coroutine.wrap(function()
    local mine = { string = string, table = table, math = math, os = os, utf8 = utf8, coroutine = coroutine, _G = _G }
    for _, library in pairs(mine) do
        setmetatable(library, { __index = function(_, k) return "was here" end, __newindex = function(t, k, v) rawset(t, k, "was here") end })
        rawset(library, "left", coroutine.running())
    end
    for k in pairs(string) do if k ~= "left" then string[k] = function() return "was here" end end end
    coroutine.yield()
end)
kept()
local load_later = load("left = ... return left", "=x", "t", setmetatable({}, { __index = _G, __newindex = _G }))
load_later("was here")
require("string").left2 = load_later
do local env = _ENV _ENV = nil end
--@NEXT-TENANT
local found = {}
for name, library in pairs(_G) do
    if type(library) == "table" then
        if rawget(library, "left") or rawget(library, "left2") or getmetatable(library) then found[#found + 1] = name end
    end
end
if rawget(_G, "left") ~= nil or kept ~= nil or #found > 0 then return "ESCAPED: " .. table.concat(found, " ") end
if ("abc"):upper() ~= "ABC" or ("x").left ~= nil or require("string") ~= string then return "ESCAPED: strings" end
if pcall(function() return undefined.field end) then return "ESCAPED: undefined variables" end
return "HELD"
