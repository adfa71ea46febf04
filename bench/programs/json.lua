-- JSON: encodes and decodes documents of records (strings, patterns, tables, recursion).
-- usage: json.lua [rounds = 36]

local rounds = tonumber(... or 36)

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r" }
local LONG = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }

local function escape(c) return SHORT[c] or ("\\u%04x"):format(c:byte()) end

local function encode(value, out)
    local kind = type(value)
    if kind == "string" then
        out[#out + 1] = '"' .. value:gsub('[%c"\\]', escape) .. '"'
    elseif kind ~= "table" then
        out[#out + 1] = math.type(value) == "float" and ("%.14g"):format(value) or tostring(value)
    elseif #value > 0 then
        for i, item in ipairs(value) do
            out[#out + 1] = i == 1 and "[" or ","
            encode(item, out)
        end
        out[#out + 1] = "]"
    else
        local keys = {}
        for key in pairs(value) do keys[#keys + 1] = key end
        table.sort(keys)
        out[#out + 1] = "{"
        for i, key in ipairs(keys) do
            out[#out + 1] = (i == 1 and '"' or ',"') .. key .. '":'
            encode(value[key], out)
        end
        out[#out + 1] = "}"
    end
    return out
end

local decode

local function decode_string(text, at)
    local parts = {}
    at = at + 1
    while true do
        local run, stop = text:match('^([^"\\]*)()', at)
        parts[#parts + 1] = run
        local c = text:sub(stop, stop)
        if c == '"' then return #parts == 1 and run or table.concat(parts), stop + 1 end
        if c ~= "\\" then error("unfinished string") end
        local name = text:sub(stop + 1, stop + 1)
        if name == "u" then
            parts[#parts + 1] = utf8.char(tonumber(text:sub(stop + 2, stop + 5), 16))
            at = stop + 6
        else
            parts[#parts + 1] = LONG[name] or error("wrong escape")
            at = stop + 2
        end
    end
end

local function decode_list(text, at)
    local list, n, c = {}, 0, nil
    at = text:match("^%s*()", at + 1)
    if text:sub(at, at) == "]" then return list, at + 1 end
    repeat
        n = n + 1
        list[n], at = decode(text, at)
        c, at = text:match("^%s*([,%]])()", at)
    until c ~= ","
    return list, at
end

local function decode_record(text, at)
    local record, key, c = {}, nil, nil
    at = text:match("^%s*()", at + 1)
    if text:sub(at, at) == "}" then return record, at + 1 end
    repeat
        at = text:match('^%s*()', at)
        key, at = decode_string(text, at)
        record[key], at = decode(text, text:match("^%s*:()", at))
        c, at = text:match("^%s*([,}])()", at)
    until c ~= ","
    return record, at
end

local WORDS = { ["true"] = true, ["false"] = false }

function decode(text, at)
    at = text:match("^%s*()", at)
    local c = text:sub(at, at)
    if c == '"' then return decode_string(text, at) end
    if c == "{" then return decode_record(text, at) end
    if c == "[" then return decode_list(text, at) end
    local word, stop = text:match("^(%a+)()", at)
    if word then return WORDS[word], stop end
    local number
    number, stop = text:match("^(%-?%d+%.?%d*[eE]?[+-]?%d*)()", at)
    return tonumber(number), stop
end

local function document(size)
    local records = {}
    for i = 1, size do
        records[i] = {
            id = i, name = "user " .. i, active = i % 3 == 0, score = i * 0.37,
            tags = { "a" .. i % 7, "tab\tand \"quotes\"", "line\nbreak" },
            address = { city = "Town " .. i % 50, zip = 10000 + i, geo = { i / 7, -i / 11 } },
        }
    end
    return { version = 3, records = records, note = "gr\u{fc}\u{df}e \\ \1" }
end

local original = document(150)
local text = table.concat(encode(original, {}))
for _ = 1, rounds do
    local again = table.concat(encode((decode(text, 1)), {}))
    assert(again == text, "a round trip changed the document")
end
local sum = 0
for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 1000000007 end
print(("json %d: %d bytes, checksum %d"):format(rounds, #text, sum))
