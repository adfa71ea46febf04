-- levels: none restricted strict(assert,error,rawequal,setmetatable,xpcall,coroutine.create,coroutine.resume,coroutine.wrap)
local check = require "check"

local thrown = {false, true, 0, 1.5, "text", "", "with\0zero", {1, 2}, print, coroutine.create(print), function() end}
for i, value in ipairs(thrown) do
    local ok, caught = pcall(error, value)
    check.is("value " .. i .. " of type " .. type(value), ok, caught, rawequal(caught, value))
end
check.is("nil", pcall(error, nil))
check.is("nothing", pcall(error))
check.is("assert of false", pcall(assert, false))
check.is("assert of nil with a message", pcall(assert, nil, "why"))
check.is("assert with a table", pcall(assert, false, {7}))
check.is("assert with nil", pcall(assert, false, nil))
check.is("assert that holds", assert(1, 2, 3))
check.is("assert of nothing", pcall(assert))
check.is("the values of assert", select("#", assert(1, nil, nil)))
local t = setmetatable({}, {__tostring = function() return "shown" end})
local _, caught = pcall(error, t)
check.is("an object stays one", caught == t, tostring(caught))
check.is("through a coroutine", select(2, coroutine.resume(coroutine.create(function() error(t) end))) == t)
check.is("through wrap", select(2, pcall(coroutine.wrap(function() error(t) end))) == t)
check.is("through xpcall", xpcall(error, function(m) return "handled " .. tostring(m) end, t))
check.is("a position before text only", {pcall(error, "m")}, {pcall(error, 5)}, {pcall(function() error(5) end)}, {pcall(function() error("m") end)}, pcall(function() error("m", 0) end))
