-- A constant environment is taken for the number of a register (CVE-2022-28805, to 5.4.4 where nobody mended it)
-- expect: ok
-- defect: env-const
local texts = {
    "local _ENV <const> = 1 return x",
    "local a, _ENV <const> = {}, 200 x = 1 return x",
    "local _ENV <const> = 'text' return function() return x end",
    "local _ENV--[[ ]]< --\n const\n> = 7 x.y = 1",
    "local t = {} do local _ENV <const> = 3.5 t[1] = function() x = x + 1 end end t[1]()",
}
for _, text in ipairs(texts) do
    local program = load(text)
    if program then
        -- mended: a constant cannot be indexed, unless it is a string
        local ok, answer = pcall(program)
        if ok and type(answer) ~= "nil" and type(answer) ~= "function" then
            return "ESCAPED: " .. tostring(answer)
        end
    end
end
return "HELD"
