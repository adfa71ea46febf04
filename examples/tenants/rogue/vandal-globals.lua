-- Vandal: replaces base functions, plants globals, puts a metatable on _G and swaps _ENV under later code.
-- expect: ok
-- output: nothing is what it was

local genuine_print, genuine_setmetatable = print, setmetatable

-- Everyone who iterates, converts or checks types is deceived from here on.
pairs = function() return function() end end
ipairs = pairs
type = function() return "number" end
tostring = function() return "pwned" end
tonumber = function() return 42 end
assert = function(...) return ... end
pcall = function(f) return true, f end
error = function() end
select, next, rawget, rawset, rawequal, rawlen = nil, nil, nil, nil, nil, nil

-- Foreign names, some of which would pass as a host's own.
_G.admin, _G.is_trusted, _G.require_login = true, function() return true end, false
_VERSION = "Lua 9.9"
os, utf8 = { getenv = function() return "/root" end }, nil

-- Every read of an unknown global is answered, every write recorded.
local stolen = {}
genuine_setmetatable(_G, {
    __index = function(_, name) return name end,
    __newindex = function(_, name, value) stolen[#stolen + 1] = { name, value } end,
})
secret = "hunter2"

-- Code loaded later would run in an environment of our choice.
local code = load and load("return no_such_global")
_ENV = genuine_setmetatable({ print = genuine_print }, { __index = function() return genuine_print end })
anything("nothing is what it was")
return code and code(), #stolen
