-- String building: concatenation, table.concat and format make the lines of a report (short strings, interning, copies).
-- usage: string-building.lua [rows = 75000]

local rows = tonumber(... or 75000)
local NAMES = { "north", "south", "east", "west", "centre" }

local function checksum(text)
    local sum = 0
    for i = 1, #text, 97 do sum = (sum * 31 + text:byte(i)) % 1000000007 end
    return sum
end

-- A new short string per step, each from the last.
local function by_concatenation(count)
    local sum = 0
    for i = 1, count do
        local line = "row " .. i
        line = line .. ";" .. NAMES[i % 5 + 1]
        line = line .. ";" .. i * 3 % 101 .. ";" .. i % 7
        sum = sum + #line
    end
    return sum
end

local function by_table(count)
    local lines = {}
    for i = 1, count do lines[i] = table.concat({ i, NAMES[i % 5 + 1], i * 3 % 101, "x" }, ",") end
    return table.concat(lines, "\n")
end

local function by_format(count)
    local lines = {}
    for i = 1, count do lines[i] = ("%06d %-8s %8.2f%%"):format(i, NAMES[i % 5 + 1], i % 1000 / 7) end
    return table.concat(lines, "\n")
end

-- A long string that grows piece by piece, the way beginners write it.
local function by_growing(count)
    local text = ""
    for i = 1, count do text = text .. NAMES[i % 5 + 1] .. " " end
    return text
end

local sum = by_concatenation(rows)
local listed, formatted, grown = by_table(rows), by_format(rows), by_growing(rows // 20)
print(("string-building %d: %d characters, checksums %d %d %d"):format(rows, sum + #listed + #formatted + #grown,
    checksum(listed), checksum(formatted), checksum(grown)))
