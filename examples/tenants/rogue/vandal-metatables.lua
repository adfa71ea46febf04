-- Vandal: gives strings arithmetic and fields of their own, nil and numbers too if it can, and hides behind __metatable.
-- expect: ok
-- output: metatables visited

-- Through the metatable of strings, where the host leaves it open.
local mt = getmetatable("")
if type(mt) == "table" then
    pcall(function()
        mt.__index = function(s, name) return name == "len" and function() return 0 end or s end
        mt.__add = function(a, b) return a .. b end
        mt.__call = function(s, ...) return s, ... end
        mt.__metatable = "locked by a stranger"
    end)
end

-- Through the library tables: a default for every name that is missing, a trap for every new one.
for _, library in ipairs { string, table, math, coroutine, utf8, os } do
    pcall(setmetatable, library, {
        __index = function(_, name) return function() return name end end,
        __newindex = function() error("this library is mine now") end,
        __metatable = false,
    })
end

-- Through the method syntax, which every later `s:upper()` uses.
pcall(function()
    local methods = getmetatable("").__index
    methods.upper = function() return "pwned" end
    methods.shout = methods.upper
end)
pcall(function() string.upper = function() return "pwned" end end)

-- What only a debug library or a careless host would let through.
pcall(function() debug.setmetatable(nil, { __index = function() return "nil has fields" end }) end)
pcall(function() debug.setmetatable(0, { __call = function(n) return n end }) end)

-- A table that is everything at once, left where the next tenant may find it.
local everything = setmetatable({}, { __index = function(t) return t end, __call = function(t) return t end, __metatable = "no" })
pcall(rawset, _G, "string2", everything)

print("metatables visited")
return true
