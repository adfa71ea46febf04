-- Takes away all that it can reach
for _, library in pairs(_G) do
    if type(library) == "table" and library ~= _G then
        for name in pairs(library) do
            library[name] = nil
        end
    end
end
for name in pairs(_G) do
    _G[name] = nil
end
