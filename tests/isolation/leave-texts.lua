-- Compiles many texts, good and bad
kept = {}
for i = 1, 500 do
    kept[i] = load("local a, b, c = ... return function() return a, '" .. i .. "' end", "=message" .. i)
    load("x = = " .. i)
end
