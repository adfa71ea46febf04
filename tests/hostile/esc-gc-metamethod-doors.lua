-- __gc into a metatable by rawset, inheritance, a proxy, another name, after the fact
-- expect: ok
-- time: 5000 ms
local ran = false
local function gc() ran = true end
local mt = setmetatable({}, {__index = {__gc = gc}})
setmetatable({}, mt)
local late = {} setmetatable({}, late) late.__gc = gc rawset(late, "__gc", gc)
local weak = setmetatable({__mode = "kv"}, {__index = function() return gc end}) setmetatable({}, weak)
if pcall(setmetatable, {}, {__gc = false}) or pcall(setmetatable, {}, {__gc = true}) or pcall(setmetatable, {}, late) then return "ESCAPED: __gc was accepted" end
for i = 1, 200000 do local g = {} end
return ran and "ESCAPED: a finalizer ran" or "HELD"
