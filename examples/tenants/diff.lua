-- Diff: longest common subsequence of two versions of a text; prints a unified diff and proves it by applying it.
-- expect: ok
-- output: @@ -1,14 +1,15 @@

local OLD = [[
function greet(name)
    if name == nil then
        name = "world"
    end
    print("Hello, " .. name)
end

function sum(list)
    local total = 0
    for i = 1, #list do
        total = total + list[i]
    end
    return total
end

function mean(list)
    return sum(list) / #list
end

-- Deprecated: use string.rep.
function line(width)
    local s = ""
    for i = 1, width do
        s = s .. "-"
    end
    return s
end

greet("Lua")
print(line(10))
print(sum { 1, 2, 3 })
]]

local NEW = [[
local function greet(name)
    if name == nil then
        name = "world"
    end
    local text = ("Hello, %s"):format(name)
    print(text)
end

function sum(list)
    local total = 0
    for _, value in ipairs(list) do
        total = total + value
    end
    return total
end

function mean(list)
    return sum(list) / #list
end

greet("Lua")
print(("-"):rep(10))
print(sum { 1, 2, 3 })
print(mean { 1, 2, 3 })
]]

local function split(text)
    local lines = {}
    for line in text:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
    return lines
end

-- length[i][j]: the longest common subsequence of a[i..] and b[j..].
local function lcs_lengths(a, b)
    local length = {}
    for i = #a + 1, 1, -1 do
        local row, below = {}, length[i + 1]
        row[#b + 1] = 0
        for j = #b, 1, -1 do
            if not below then
                row[j] = 0
            elseif a[i] == b[j] then
                row[j] = below[j + 1] + 1
            else
                row[j] = math.max(below[j], row[j + 1])
            end
        end
        length[i] = row
    end
    return length
end

-- The edit script: a list of { mark, line }, where the mark is " ", "-" or "+".
local function edits(a, b)
    local length, script, i, j = lcs_lengths(a, b), {}, 1, 1
    while i <= #a or j <= #b do
        if i <= #a and j <= #b and a[i] == b[j] then
            script[#script + 1] = { " ", a[i] }
            i, j = i + 1, j + 1
        elseif j > #b or i <= #a and length[i + 1][j] >= length[i][j + 1] then
            script[#script + 1] = { "-", a[i] }
            i = i + 1
        else
            script[#script + 1] = { "+", b[j] }
            j = j + 1
        end
    end
    return script
end

-- Groups changes with up to `context` unchanged lines around them.
local function hunks(script, context)
    local list, open = {}, nil
    local old, new = 1, 1
    for k, edit in ipairs(script) do
        local near = false
        for d = -context, context do
            local other = script[k + d]
            if other and other[1] ~= " " then near = true break end
        end
        if near then
            if not open then
                open = { old = old, new = new, removed = 0, added = 0 }
                list[#list + 1] = open
            end
            open[#open + 1] = edit[1] .. edit[2]
            if edit[1] ~= "+" then open.removed = open.removed + 1 end
            if edit[1] ~= "-" then open.added = open.added + 1 end
        else
            open = nil
        end
        if edit[1] ~= "+" then old = old + 1 end
        if edit[1] ~= "-" then new = new + 1 end
    end
    return list
end

local function unified(list)
    local out = {}
    for _, h in ipairs(list) do
        out[#out + 1] = ("@@ -%d,%d +%d,%d @@"):format(h.old, h.removed, h.new, h.added)
        table.move(h, 1, #h, #out + 1, out)
    end
    return table.concat(out, "\n")
end

-- Applies a unified diff to a text's lines; says which line does not fit.
local function patch(lines, diff)
    local out, at = {}, 1
    for text in (diff .. "\n"):gmatch("([^\n]*)\n") do
        local start = text:match("^@@ %-(%d+)")
        local mark, line = text:sub(1, 1), text:sub(2)
        if start then
            for i = at, start - 1 do out[#out + 1] = lines[i] end
            at = tonumber(start)
        elseif mark == "+" then
            out[#out + 1] = line
        else
            if lines[at] ~= line then error(("line %d does not fit"):format(at), 0) end
            if mark == " " then out[#out + 1] = line end
            at = at + 1
        end
    end
    table.move(lines, at, #lines, #out + 1, out)
    return out
end

local old, new = split(OLD), split(NEW)
local script = edits(old, new)
local list = hunks(script, 3)
local diff = unified(list)
print(diff)

local removed, added = 0, 0
for _, edit in ipairs(script) do
    if edit[1] == "-" then removed = removed + 1 elseif edit[1] == "+" then added = added + 1 end
end
print(("%d hunks, %d lines removed, %d added"):format(#list, removed, added))

assert(lcs_lengths(old, new)[1][1] == #old - removed and #old - removed + added == #new)
assert(table.concat(patch(old, diff), "\n") .. "\n" == NEW)
local ok, err = pcall(patch, new, diff)
assert(not ok and err == "line 1 does not fit")
assert(#hunks(edits(new, new), 3) == 0)

-- The same on characters: a classic with a known answer.
local function characters(word)
    local chars = {}
    for c in word:gmatch(utf8.charpattern) do chars[#chars + 1] = c end
    return chars
end
assert(lcs_lengths(characters("AGGTAB"), characters("GXTXAYB"))[1][1] == 4)
return { removed = removed, added = added }
