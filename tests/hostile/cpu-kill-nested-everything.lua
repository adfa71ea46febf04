-- The loop lies below pcall, xpcall, coroutine, sort, gsub, metamethod, close and load at once
-- expect: time_limit
local function loop() while true do end end
local function a() xpcall(loop, loop) end
local function b() local x <close> = setmetatable({}, {__close = a}) a() end
local function c() coroutine.wrap(b)() end
local function d() string.gsub("x", ".", c) end
local function e() table.sort({1, 2}, d) end
local function f() return setmetatable({}, {__index = e}).x end
local function g() load(f) end
while true do pcall(g) end
