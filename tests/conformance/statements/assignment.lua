-- levels: none restricted strict(_G,rawget,setmetatable)
local check = require "check"

local a, b, c = 1
check.is("too few values", a, b, c)
a, b = 1, 2, 3
check.is("too many values", a, b)
a, b = b, a
check.is("swapped", a, b)
local function three() return 1, 2, 3 end
a, b, c = three()
check.is("from a call", a, b, c)
a, b, c = 0, three()
check.is("a call at the end", a, b, c)
a, b, c = three(), 10
check.is("a call in the middle", a, b, c)
a, b, c = (three())
check.is("a call in brackets", a, b, c)
local i, t = 1, {}
i, t[i] = i + 1, 20
check.is("the target is taken before", i, t[1], t[2])
t = {1, 2, 3}
t[1], t[2], t[3] = t[3], t[1], t[2]
check.is("rotation", t)
local u = {x = {y = 1}}
u.x, u.x.y = 5, 6
check.is("a table whose place is assigned", u)
local log = {}
local p = setmetatable({}, {__newindex = function(_, k, v) log[#log + 1] = k .. "=" .. tostring(v) end})
p.a, p.b, p.c = 1, 2
table.sort(log)
check.is("every target is set", log)
do local x <const>, y = 1, 2; check.is("attributes in a list", x, y) end
x = 1
check.is("a global", x, _G.x, _ENV.x)
x = nil
check.is("and gone", x, rawget(_G, "x"))
local x = x
check.is("a local's value is taken before it is there", x)
local f; local function g() return f end; f = 1
check.is("an upvalue", g())
local v <const> = 5
check.is("shadows", (function() local v = v + 1; do local v = v + 1; v = v + 1; check.is("inner", v) end return v end)())
check.each {"local a <const> = 1; a = 2", "local a <const> = 1; local function f() a = 2 end", "local a <close> = nil; a = 1", "local a <const> = {}; a.x = 1 return a.x", "local a <const>, b = 1, 2; b = 3 return a + b", "local a <close>, b <close> = 1, 2", "local a <const> = 1; local a = 2; a = 3 return a", "for i = 1, 1 do i = 2 end", "local function f() end f = 1 return f", "local a <unknown> = 1", "local a <Const> = 1", "local a <const>; return a"}
check.call("assigning to nil's field", function() local n; n.x = 1 end)
check.call("assigning to a number's field", function() (5).x = 1 end)
check.call("assigning to a field of a field", function() t.a.b = 1 end)
