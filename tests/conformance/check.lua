-- needs: require pcall type tostring tonumber pairs select string.format string.gsub table.concat table.sort table.pack table.unpack load ipairs rawequal
--[[ One check is one line, `name: result`, the same wherever and whenever it is run. Values are shown so that
nothing of them is invisible: strings quoted, floats to their last bit, tables with their fields in order. What
has an address is shown by its type. The functions are taken when the module is loaded: what a script does to the
library later does not change how its results are shown. ]]

local check = {}
local pcall, type, tostring, tonumber, pairs, ipairs, select, print, load, rawequal =
    pcall, type, tostring, tonumber, pairs, ipairs, select, print, load, rawequal
local format, gsub = string.format, string.gsub
local concat, sort, pack, unpack = table.concat, table.sort, table.pack, table.unpack

local globals = _ENV

local show

local function show_string(text)
    return (gsub(gsub(format("%q", text), "\\\n", "\\n"), "\r", "\\r"))
end

local function show_number(number)
    local text = tostring(number)
    if number == number and tonumber(text) ~= number then
        text = format("%.17g", number)
    end
    return text
end

local function by_text(a, b)
    return a < b
end

-- Fields 1 to n without names, the others behind them in the order of their texts.
local function show_table(value, depth)
    if depth > 3 then
        return "{...}"
    end
    local texts, named, count = {}, {}, 0
    while value[count + 1] ~= nil do
        count = count + 1
        texts[count] = show(value[count], depth + 1)
    end
    for key, field in pairs(value) do
        if not (type(key) == "number" and key >= 1 and key <= count and key % 1 == 0) then
            named[#named + 1] = format("[%s] = %s", show(key, depth + 1), show(field, depth + 1))
        end
    end
    sort(named, by_text)
    for i = 1, #named do
        texts[#texts + 1] = named[i]
    end
    return "{" .. concat(texts, ", ") .. "}"
end

function show(value, depth)
    local kind = type(value)
    if kind == "string" then
        return show_string(value)
    elseif kind == "number" then
        return show_number(value)
    elseif rawequal(value, globals) then
        return "_G"
    elseif kind == "table" then
        return show_table(value, depth or 0)
    elseif kind == "nil" or kind == "boolean" then
        return tostring(value)
    end
    return kind
end

local function show_all(...)
    local texts = {}
    for i = 1, select("#", ...) do
        texts[i] = show((select(i, ...)))
    end
    return concat(texts, " ")
end

--- What the values are; none is shown as nothing.
function check.is(name, ...)
    print(name .. ": " .. show_all(...))
end

--- What a call does: its results, or the error it raises.
function check.call(name, f, ...)
    local results = pack(pcall(f, ...))
    if results[1] then
        print(name .. ": returns " .. show_all(unpack(results, 2, results.n)))
    else
        print(name .. ": raises " .. show(results[2]))
    end
end

--- What each expression comes to, by which it is named; or, of a text that is no expression, what comes of it as a chunk.
function check.each(texts)
    for _, text in ipairs(texts) do
        local f, message = load("return " .. text, "=check")
        if not f then
            f, message = load(text, "=check")
        end
        if f then
            check.call(text, f)
        else
            print(text .. ": is refused: " .. show(message))
        end
    end
end

check.show = show
return check
