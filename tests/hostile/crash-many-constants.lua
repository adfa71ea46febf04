-- More constants than an instruction has bits for, at every limit of the code generator: right results or a syntax error
-- expect: ok
-- time: 20000 ms
local OPERATIONS = {
    { "x + %d", function(k) return 5 + k end }, { "%d - x", function(k) return k - 5 end },
    { "x * %d", function(k) return 5 * k end }, { "x // %d", function(k) return 5 // k end },
    { "%d %% x", function(k) return k % 5 end }, { "x & %d", function(k) return 5 & k end },
    { "%d | x", function(k) return k | 5 end }, { "x ~ %d", function(k) return 5 ~ k end },
    { "x == %d", function(k) return 5 == k end }, { "x < %d", function(k) return 5 < k end },
    { "%d <= x", function(k) return k <= 5 end }, { "t['k%d']", function(k) return k end },
    { "f(%d)", function(k) return k end }, { "({ %d, x = 1 })[1]", function(k) return k end },
    { "s:m(%d)", function(k) return k end }, { "(x == 5 and %d)", function(k) return k end },
}
for _, count in ipairs({ 120, 127, 128, 254, 255, 256, 257, 511, 513, 131070, 131073 }) do
    local fill = {}
    for i = 1, count do fill[i] = i + 1000000 end
    local text = { "local t, f, s, x = ... local fill = {", table.concat(fill, ","), "}\nlocal r = {}\n" }
    local wanted = {}
    for i, operation in ipairs(OPERATIONS) do
        local k = 3000000 + i
        text[#text + 1] = ("r[%d] = " .. operation[1] .. "\n"):format(i, k)
        wanted[i] = operation[2](k)
    end
    text[#text + 1] = "t.new = 4000000 t[4000001] = 'old' return r, t"
    local made, message = load(table.concat(text))
    if made then
        local t = setmetatable({}, { __index = function(_, key) return tonumber(key:sub(2)) end })
        local r = made(t, function(k) return k end, { m = function(_, k) return k end }, 5)
        for i, value in ipairs(wanted) do
            if r[i] ~= value then
                return ("ESCAPED: %s with %d constants is %s"):format(OPERATIONS[i][1], count, tostring(r[i]))
            end
        end
        if rawget(t, "new") ~= 4000000 or rawget(t, 4000001) ~= "old" then return "ESCAPED: fields of constants" end
    elseif not message:find("too many", 1, true) and not message:find("too complex", 1, true) and message ~= "not enough memory" then
        return "ESCAPED: " .. message
    end
end
return "HELD"
