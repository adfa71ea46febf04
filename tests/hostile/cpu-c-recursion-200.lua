-- Every kind of C-stack recursion up to the limit (gsub, sort, tostring, pcall, load, coroutine, metamethods): measures C stack need.
-- expect: ok
-- time: 5000 ms
local function rep(f) pcall(f) pcall(f) end
local function g1() return (string.gsub("x", "x", g1)) end rep(g1)
local function g2() table.sort({1, 2, 3}, g2) end rep(g2)
local mt = {} mt.__tostring = function(s) return tostring(s) end rep(function() tostring(setmetatable({}, mt)) end)
local function g3() assert(pcall(g3)) end rep(g3)
local function g4() return load(g4) end rep(g4)
local function g5() return coroutine.wrap(g5)() end rep(g5)
local m2 = {} m2.__index = function(t, k) return t[k] end rep(function() return setmetatable({}, m2).x end)
local m3 = {} m3.__concat = function(a, b) return a .. b end rep(function() return setmetatable({}, m3) .. "x" end)
local function g6() return string.format("%s", setmetatable({}, {__tostring = g6})) end rep(g6)
local function g7() return table.concat(setmetatable({}, {__index = g7, __len = function() return 1 end})) end rep(g7)
local function g8() for a in string.gmatch("x", "x") do xpcall(g8, g8) end end rep(g8)
local function g9() return (string.gsub("x", "x", function() return coroutine.wrap(function() table.sort({1, 2}, function() return g9() end) end)() end)) end rep(g9)
return "HELD"
