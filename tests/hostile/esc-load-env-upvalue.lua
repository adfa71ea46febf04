-- load's environment argument, and an upvalue named _ENV, reach tables of others
-- expect: ok
local f = load("x = 1 return _ENV", "n", "t", {})
local e = f()
if e == _G or rawget(_G, "x") then return "ESCAPED: the chunk wrote to the globals" end
if load("return _ENV", "n", "t", nil)() ~= nil then return "ESCAPED: an environment of nil is not nil" end
if load("local _ENV <const> = {} return function() return print end")()() ~= nil then return "ESCAPED" end
return "HELD"
