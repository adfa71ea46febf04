-- levels: restricted strict(setmetatable,getmetatable)
-- No code of a script runs after its run, or without its deadline: there are no finalizers.
local check = require "check"

local function call(mt) return (pcall(setmetatable, {}, mt)) end
check.is("a function", call {__gc = function() end})
check.is("another value", call {__gc = true}, call {__gc = false})
check.call("what is said", setmetatable, {}, {__gc = print})
check.is("inherited fields are none", call(setmetatable({}, {__index = {__gc = print}})))
local mt = {}
local t = setmetatable({}, mt)
mt.__gc = function() check.is("never", "run") end
check.is("set later, it is nothing", getmetatable(t) == mt)
