-- Every level catches the kill and starts two more (2^190 calls).
-- expect: time_limit
local function f(d) if d > 0 then pcall(f, d - 1) pcall(f, d - 1) end while true do end end
f(180)
