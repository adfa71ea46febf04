-- Is killed at its deadline while it writes everywhere
local n = 0
while true do
    n = n + 1
    _G["message" .. n % 1000] = { n }
    string["m" .. n % 100] = tostring(n):rep(10)
end
