-- JSON: a complete parser and printer (escapes, surrogate pairs, number forms, error positions), used on an API answer.
-- expect: ok
-- output: parsed 4 repositories, 2 of them archived, 4621 stars

local json = { null = setmetatable({}, { __name = "json.null", __tostring = function() return "null" end }) }

local ESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local MAX_DEPTH = 100

local function fail(text, position, message)
    local _, line = text:sub(1, position - 1):gsub("\n", "")
    local column = position - (text:sub(1, position - 1):match(".*()\n") or 0)
    error(("line %d, column %d: %s"):format(line + 1, column, message), 0)
end

local function skip(text, position) return text:match("^[ \t\r\n]*()", position) end

local function parse_unicode(text, position)
    local hex = text:match("^%x%x%x%x", position)
    if not hex then fail(text, position, "four hexadecimal digits expected") end
    local code = tonumber(hex, 16)
    position = position + 4
    if code >= 0xDC00 and code <= 0xDFFF then fail(text, position, "lone low surrogate") end
    if code >= 0xD800 and code <= 0xDBFF then
        local low = text:match("^\\u(%x%x%x%x)", position)
        low = low and tonumber(low, 16)
        if not low or low < 0xDC00 or low > 0xDFFF then fail(text, position, "lone high surrogate") end
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        position = position + 6
    end
    return utf8.char(code), position
end

local function parse_string(text, position)
    local parts = {}
    position = position + 1
    while true do
        local run, stop = text:match('^([^"\\\0-\31]*)()', position)
        if run ~= "" then parts[#parts + 1] = run end
        local c = text:sub(stop, stop)
        if c == '"' then return table.concat(parts), stop + 1 end
        if c ~= "\\" then fail(text, stop, c == "" and "unfinished string" or "control character in string") end
        local kind = text:sub(stop + 1, stop + 1)
        if kind == "u" then
            parts[#parts + 1], position = parse_unicode(text, stop + 2)
        elseif ESCAPES[kind] then
            parts[#parts + 1], position = ESCAPES[kind], stop + 2
        else
            fail(text, stop, "invalid escape '\\" .. kind .. "'")
        end
    end
end

local function parse_number(text, position)
    local integer, after = text:match("^(%-?%d+)()", position)
    if not integer then fail(text, position, "value expected") end
    if integer:find("^%-?0%d") then fail(text, position, "leading zero") end
    local fraction, after_fraction = text:match("^(%.%d+)()", after)
    local exponent, after_exponent = text:match("^([eE][+-]?%d+)()", after_fraction or after)
    local literal = integer .. (fraction or "") .. (exponent or "")
    return tonumber(literal), after_exponent or after_fraction or after
end

local parse_value

local function parse_array(text, position, depth)
    local array, n = {}, 0
    position = skip(text, position + 1)
    if text:sub(position, position) == "]" then return array, position + 1 end
    while true do
        n = n + 1
        array[n], position = parse_value(text, position, depth)
        position = skip(text, position)
        local c = text:sub(position, position)
        if c == "]" then return array, position + 1 end
        if c ~= "," then fail(text, position, "',' or ']' expected") end
        position = skip(text, position + 1)
    end
end

local function parse_object(text, position, depth)
    local object = {}
    position = skip(text, position + 1)
    if text:sub(position, position) == "}" then return object, position + 1 end
    while true do
        if text:sub(position, position) ~= '"' then fail(text, position, "a name in quotes expected") end
        local name
        name, position = parse_string(text, position)
        position = skip(text, position)
        if text:sub(position, position) ~= ":" then fail(text, position, "':' expected") end
        object[name], position = parse_value(text, skip(text, position + 1), depth)
        position = skip(text, position)
        local c = text:sub(position, position)
        if c == "}" then return object, position + 1 end
        if c ~= "," then fail(text, position, "',' or '}' expected") end
        position = skip(text, position + 1)
    end
end

function parse_value(text, position, depth)
    local c = text:sub(position, position)
    if depth > MAX_DEPTH then fail(text, position, "nested too deeply") end
    if c == "{" then return parse_object(text, position, depth + 1) end
    if c == "[" then return parse_array(text, position, depth + 1) end
    if c == '"' then return parse_string(text, position) end
    if text:find("^true", position) then return true, position + 4 end
    if text:find("^false", position) then return false, position + 5 end
    if text:find("^null", position) then return json.null, position + 4 end
    return parse_number(text, position)
end

function json.decode(text)
    local value, position = parse_value(text, skip(text, 1), 0)
    position = skip(text, position)
    if position <= #text then fail(text, position, "end of text expected") end
    return value
end

local function quote(s)
    return '"' .. s:gsub('[%c"\\\127]', function(c)
        if c == '"' or c == "\\" then return "\\" .. c end
        local short = ({ ["\b"] = "b", ["\f"] = "f", ["\n"] = "n", ["\r"] = "r", ["\t"] = "t" })[c]
        return short and "\\" .. short or ("\\u%04x"):format(c:byte())
    end) .. '"'
end

local function number(n)
    if n ~= n or n == math.huge or n == -math.huge then error("JSON has no " .. tostring(n), 0) end
    if math.type(n) == "integer" then return tostring(n) end
    local short = ("%.14g"):format(n)
    return tonumber(short) == n and short or ("%.17g"):format(n)
end

local encode_value

local function encode_table(t, indent, level, seen)
    if seen[t] then error("a table contains itself", 0) end
    seen[t] = true
    local parts, open, close = {}, "{", "}"
    if #t > 0 or next(t) == nil then
        open, close = "[", "]"
        for i, v in ipairs(t) do parts[i] = encode_value(v, indent, level + 1, seen) end
    else
        local names = {}
        for k in pairs(t) do names[#names + 1] = type(k) == "string" and k or error("a name must be a string", 0) end
        table.sort(names)
        for i, k in ipairs(names) do
            parts[i] = quote(k) .. (indent and ": " or ":") .. encode_value(t[k], indent, level + 1, seen)
        end
    end
    seen[t] = nil
    if not indent or #parts == 0 then return open .. table.concat(parts, ",") .. close end
    local outer = "\n" .. indent:rep(level)
    return open .. outer .. indent .. table.concat(parts, "," .. outer .. indent) .. outer .. close
end

function encode_value(v, indent, level, seen)
    local kind = type(v)
    if v == json.null or kind == "boolean" then return tostring(v) end
    if kind == "number" then return number(v) end
    if kind == "string" then return quote(v) end
    if kind == "table" then return encode_table(v, indent, level, seen) end
    error("cannot encode a " .. kind, 0)
end

function json.encode(value, indent) return encode_value(value, indent, 0, {}) end

-- The work: an API's answer, read, filtered and printed again.
local ANSWER = [[
{ "page": 1, "next": null, "rate": { "limit": 5000, "remaining": 4987, "cost": 1.5e-1 },
  "items": [
    { "name": "arena",   "stars": 2310, "archived": false, "topics": ["memory", "c11"], "description": "A bump allocator \u2014 \"fast\"" },
    { "name": "lantern", "stars": 1999, "archived": true,  "topics": [], "description": "Caf\u00e9-grade lights\n\ud83d\udd26" },
    { "name": "quill",   "stars": 312,  "archived": false, "topics": ["text"], "description": "C:\\quill\\bin" },
    { "name": "moth",    "stars": 0,    "archived": true,  "topics": ["ci", "bots", "\u0001"], "description": "" }
  ] }
]]

local answer = json.decode(... or ANSWER)
local stars, archived = 0, 0
for _, item in ipairs(answer.items) do
    stars = stars + item.stars
    if item.archived then archived = archived + 1 end
end
print(("parsed %d repositories, %d of them archived, %d stars"):format(#answer.items, archived, stars))
print(json.encode(answer, "  "))

-- Known answers, a round trip, and the errors a caller would like to read.
assert(json.encode(json.decode(json.encode(answer))) == json.encode(answer))
assert(json.decode('"\\ud83d\\udd26 \\u00e9"') == "🔦 é")
assert(math.type(json.decode("12")) == "integer" and json.decode("-0.5E+2") == -50.0)
assert(json.encode { 0.1, 1e300, -3, "a\tb\0" } == '[0.1,1e+300,-3,"a\\tb\\u0000"]')
local WRONG = {
    ['{"a": 1,}'] = "line 1, column 9: a name in quotes expected",
    ["[1 2]"] = "line 1, column 4: ',' or ']' expected",
    ["[\n  01]"] = "line 2, column 3: leading zero",
    ['"\\ud83d"'] = "line 1, column 8: lone high surrogate",
    ['"a\nb"'] = "line 1, column 3: control character in string",
    ["nul"] = "line 1, column 1: value expected",
    ["[1] x"] = "line 1, column 5: end of text expected",
    ['"abc'] = "line 1, column 5: unfinished string",
    [("["):rep(102)] = "line 1, column 102: nested too deeply",
}
for text, message in pairs(WRONG) do
    local ok, err = pcall(json.decode, text)
    assert(not ok and err == message, err)
end
local loop = {}
loop[1] = loop
assert(select(2, pcall(json.encode, loop)) == "a table contains itself")
return stars
