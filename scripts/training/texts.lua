-- Texts: a lexer, words counted, lines split and joined, templates filled, formats, escapes, comparisons, a cipher by bytes.

local source = [[
function area(shape, scale) -- of a shape
    if shape.kind == "box" then return shape.width * shape.height * scale end
    local sum = 0x10 + 3.25e2
    for i = 1, 10 do sum = sum + i // 2 end
    return sum
end
]]

local function lex(text)
    local at, tokens = 1, {}
    while at <= #text do
        local from, to = text:find("^%s+", at)
        if not from then from, to = text:find("^%-%-[^\n]*", at) end
        if not from then
            local kind
            for _, rule in ipairs { { "^[%a_][%w_]*", "name" }, { "^0x%x+", "number" }, { "^%d+%.?%d*[eE]?%d*", "number" },
                { '^"[^"]*"', "string" }, { "^[=~<>]=", "operator" }, { "^//", "operator" }, { "^%p", "operator" } } do
                from, to = text:find(rule[1], at)
                if from then
                    kind = rule[2]
                    break
                end
            end
            tokens[#tokens + 1] = { kind = kind, text = text:sub(from, to) }
        end
        at = to + 1
    end
    return tokens
end

local function split(text, separator)
    local parts, from = {}, 1
    while true do
        local a, b = text:find(separator, from, true)
        if not a then break end
        parts[#parts + 1] = text:sub(from, a - 1)
        from = b + 1
    end
    parts[#parts + 1] = text:sub(from)
    return parts
end

local ESCAPES = { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;", ['"'] = "&quot;" }

local function caesar(text, by)
    local out = {}
    for i = 1, #text do
        local c = text:byte(i)
        if c >= 97 and c <= 122 then c = (c - 97 + by) % 26 + 97 end
        out[i] = string.char(c)
    end
    return table.concat(out)
end

local tokens = #lex(source)
for _ = 1, 40 do assert(#lex(source) == tokens) end

local text = ("It was the best of times, it was the worst of times; "):rep(200)
local words = 0
for word in text:gmatch("%a+") do
    if word:lower() == "times" then words = words + 1 end
end
assert(words == 400)

local lines = {}
for i = 1, 3000 do
    lines[#lines + 1] = ("%d;%s;%.2f;%5d;%x"):format(i, "name" .. i, i / 7, i * 3, i)
end
local csv = table.concat(lines, "\n")
for _, line in ipairs(split(csv, "\n")) do
    local fields = split(line, ";")
    assert(#fields == 5 and tonumber(fields[1]) and math.tointeger(tonumber(fields[4])))
end

local values = { name = "Ann", city = "Oslo", count = 3 }
for i = 1, 1500 do
    values.count = i
    local filled = ("Dear {name} of {city}: {count} letters <& {unknown}>"):gsub("{(%w+)}", values)
    assert(filled:gsub('[<>&"]', ESCAPES):find("&lt;", 1, true))
end

assert(caesar(caesar(text, 3), 23) == text:gsub("%u", "%0"))

local list = {}
for i = 1, 2000 do list[i] = tostring(i * 7919 % 2003) .. "x" end
table.sort(list)
for i = 2, #list do assert(list[i - 1] <= list[i]) end

local report = ""
for i = 1, 400 do report = report .. i .. ": " .. list[i]:upper():rep(2) .. "\n" end
assert(#report > 4000 and report:reverse():reverse() == report)
