-- The strings' metatable and its methods, a metatable of the globals, metatables of what the library has
local mt = getmetatable("")
pcall(function() mt.__index = function() return "was here" end end)
pcall(setmetatable, "", { __index = {} })
string.rep = function() return "was here" end
string.message = "was here"
setmetatable(string, { __index = function(_, k) return k end, __call = function() return "was here" end })
setmetatable(_ENV, { __index = string, __newindex = function() end })
