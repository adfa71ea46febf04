-- Interns very many strings, long ones too, and those that the library is named by
kept = {}
for i = 1, 20000 do
    kept[i] = "message " .. i
end
for name, library in pairs(_G) do
    if type(library) == "table" then
        for inner in pairs(library) do
            kept[name .. "." .. tostring(inner)] = tostring(inner):rep(50)
        end
    end
end
