-- LZW: compresses and expands a generated text with variable code widths (strings as keys, bit operations, tables).
-- usage: lzw.lua [bytes = 800000]

local bytes = tonumber(... or 800000)
local MAX_CODES = 1 << 14

local function generate(n)
    local words, parts, size, state = {}, {}, 0, 5
    local function random(limit)
        state = (state * 1103515245 + 12345) & 0x7fffffff
        return (state >> 8) % limit
    end
    for i = 1, 400 do
        local letters = {}
        for j = 1, 2 + random(8) do letters[j] = string.char(97 + random(1 + random(26))) end
        words[i] = table.concat(letters)
    end
    while size < n do
        local word = words[1 + random(1 + random(400))]
        parts[#parts + 1] = word
        size = size + #word + 1
    end
    return table.concat(parts, " "):sub(1, n)
end

local function compress(text)
    local codes, next_code, width = {}, 256, 9
    for i = 0, 255 do codes[string.char(i)] = i end
    local out, buffer, filled = {}, 0, 0
    local function emit(code)
        buffer, filled = buffer << width | code, filled + width
        while filled >= 8 do
            filled = filled - 8
            out[#out + 1] = string.char(buffer >> filled & 255)
        end
        buffer = buffer & (1 << filled) - 1
    end
    local prefix = ""
    for i = 1, #text do
        local c = text:sub(i, i)
        local longer = prefix .. c
        if codes[longer] then
            prefix = longer
        else
            emit(codes[prefix])
            if next_code < MAX_CODES then
                codes[longer] = next_code
                next_code = next_code + 1
                if next_code > 1 << width then width = width + 1 end
            end
            prefix = c
        end
    end
    if prefix ~= "" then emit(codes[prefix]) end
    if filled > 0 then out[#out + 1] = string.char(buffer << (8 - filled) & 255) end
    return table.concat(out)
end

local function expand(data)
    local strings, next_code, width = {}, 256, 9
    for i = 0, 255 do strings[i] = string.char(i) end
    local out, buffer, filled, previous = {}, 0, 0, nil
    for i = 1, #data do
        buffer, filled = buffer << 8 | data:byte(i), filled + 8
        if filled >= width then
            filled = filled - width
            local code = buffer >> filled
            buffer = buffer & (1 << filled) - 1
            local text = strings[code] or previous .. previous:sub(1, 1)
            out[#out + 1] = text
            if previous and next_code < MAX_CODES then
                strings[next_code] = previous .. text:sub(1, 1)
                next_code = next_code + 1
            end
            -- The writer is one entry ahead of the reader.
            if next_code + 1 > 1 << width and next_code < MAX_CODES then width = width + 1 end
            previous = text
        end
    end
    return table.concat(out)
end

local text = generate(bytes)
local packed = compress(text)
local again = expand(packed)
assert(again == text, "what was expanded differs")
local sum = 0
for i = 1, #packed do sum = (sum * 31 + packed:byte(i)) % 1000000007 end
print(("lzw %d: %d bytes packed, checksum %d"):format(bytes, #packed, sum))
