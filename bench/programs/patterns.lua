-- Patterns: gmatch, gsub, find and captures over a generated log (string library, captures, callbacks).
-- usage: patterns.lua [lines = 14000]

local count = tonumber(... or 14000)

local state = 7
local function random(n)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % n
end

local METHODS = { "GET", "POST", "PUT", "DELETE" }
local PAGES = { "/index.html", "/api/v1/users", "/api/v1/orders/search", "/img/logo.png", "/login" }

local lines = {}
for i = 1, count do
    lines[i] = ("10.%d.%d.%d - - [%02d/Mar/2024:%02d:%02d:%02d +0100] \"%s %s?id=%d&q=%%4%d+x HTTP/1.1\" %d %d \"user%d@example.org\""):format(
        random(256), random(256), random(256), 1 + random(28), random(24), random(60), random(60), METHODS[1 + random(4)],
        PAGES[1 + random(5)], random(10000), random(10), 200 + random(4) * 100, random(50000), random(300))
end
local log = table.concat(lines, "\n") .. "\n"

-- Whole lines, taken apart by captures.
local bytes, statuses, methods = 0, {}, {}
for method, status, size in log:gmatch('"(%u+) [^"]+" (%d+) (%d+)') do
    bytes = bytes + tonumber(size)
    statuses[status] = (statuses[status] or 0) + 1
    methods[method] = (methods[method] or 0) + 1
end

-- Substitution by string, by table and by function.
local masked, addresses = log:gsub("(%d+)%.(%d+)%.%d+%.%d+", "%1.%2.x.x")
local shortened, moved = log:gsub("/[%w/._]+", { ["/index.html"] = "/", ["/login"] = "/session" })
local decoded, escapes = log:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)

-- Words, by frequency of their length, and the frontier pattern.
local lengths, words = {}, 0
for word in log:gmatch("%f[%a]%a+%f[%A]") do
    words = words + 1
    lengths[#word] = (lengths[#word] or 0) + 1
end

-- Searching: plain, anchored and with a lazy repetition, line by line.
local plain, anchored, lazy = 0, 0, 0
for line in log:gmatch("([^\n]*)\n") do
    if line:find("/orders/", 1, true) then plain = plain + 1 end
    if line:find("^10%.1%d%d?%.") then anchored = anchored + 1 end
    local inner = line:match("%[(.-)%]")
    if inner and inner:sub(13, 14) < "12" then lazy = lazy + 1 end
end

local sum = 0
for _, text in ipairs { masked, shortened, decoded } do
    for i = 1, #text, 61 do sum = (sum * 31 + text:byte(i)) % 1000000007 end
end
print(("patterns %d: %d bytes, %d/%d/%d replaced, %d words, %d/%d/%d found"):format(count, bytes, addresses, moved, escapes,
    words, plain, anchored, lazy))
print(("statuses %d %d, methods %d, lengths %d %d, checksum %d"):format(statuses["200"] or 0, statuses["500"] or 0, methods.GET or 0,
    lengths[3] or 0, lengths[4] or 0, sum))
