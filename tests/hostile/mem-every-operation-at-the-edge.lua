-- Each operation that takes memory, with every small amount of it left: it succeeds or says that there is not enough
-- expect: ok
-- time: 20000 ms
local co, mt = coroutine.create, { __concat = function(a, b) return "joined" end, __index = function(t, k) return k .. k end, __close = function() local x = { {} } end }
local text, words = ("word "):rep(40), {}
local OPERATIONS = {
    function() local t = {} for i = 1, 9 do t[i] = { i } end return #t == 9 end,
    function() local t = { a = 1, b = 2, c = 3 } for i = 1, 17 do t["k" .. i] = i end return t.k17 == 17 end,
    function() return (("x"):rep(100) .. "y" .. 1 .. 2.5):sub(-5) == "y12.5" end,
    function() return setmetatable({}, mt) .. "x" == "joined" end,
    function() return setmetatable({}, mt).ab == "abab" end,
    function() local a, b = 1, 2 local f = function() return function() return a + b end end return f()() == 3 end,
    function() local c = co(function(...) return select("#", ...) end) local ok, n = coroutine.resume(c, table.unpack(words, 1, 30)) return not ok and error(n, 0) or n == 30 end,
    function() local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield({ i }) end end) return f()[1] + f()[1] == 3 end,
    function() return assert(load("local a, b, c = 1, 'two', {3} return function() return a, b, c[1] end"))()() == 1 end,
    function() return (text:gsub("%a+", function(w) return w:upper() end):sub(1, 4)) == "WORD" end,
    function() local n = 0 for w in text:gmatch("%a+") do n = n + #w end return n == 160 end,
    function() return string.format("%5d|%s|%q|%g", 5, text, text, 0.5):sub(1, 5) == "    5" end,
    function() return #string.pack("s4 z i8 !8 d", text, text, 1, 2) > 400 end,
    function() return #table.concat({ text, text, text }, ", ") == 604 end,
    function() local t = table.pack(table.unpack(words, 1, 50)) return t.n == 50 end,
    function() local t = { 5, 3, 1, 4 } table.sort(t, function(a, b) return a < b end) return t[1] == 1 end,
    function() return select(2, pcall(error, { "object" }))[1] == "object" end,
    function() return select(2, pcall(error, "words", 1)):find("words") ~= nil end,
    function() return select(2, xpcall(function() local x = nil; return x.y end, function(m) return { m } end))[1]:find("nil") ~= nil end,
    function() local done do local x <close> = setmetatable({}, mt) done = true end return done end,
    function() return tostring(setmetatable({}, { __tostring = function() return text end })) == text end,
    function() local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end return deep(100) == 100 end,
    function() return #os.date("!" .. ("%x"):rep(50), 0) == 400 and os.time({ year = 2000, month = 1, day = 1 }) ~= nil end,
    function() return utf8.char(228, 8364, 0x10FFFF):len() == 9 end,
    function() local w = setmetatable({}, { __mode = "k" }) for i = 1, 5 do w[{}] = i end return true end,
    function() return select(2, pcall(require, "no such")):find("no such") ~= nil end,
    function() print(text) warn(text, text) return true end,
}
local function lacks(message)
    if type(message) == "table" then message = message[1] end
    return type(message) == "string" and (message:find("not enough memory", 1, true) or message:find("too many", 1, true))
end
-- Strings fill what is left; the last is let go again, so that so much and a little more is there.
local hoard, size, failed = {}, 1 << 20, 0
while size >= 64 do
    if not pcall(function() hoard[#hoard + 1] = ("h"):rep(size - 40) .. #hoard end) then size = size // 2 end
end
for keep = #hoard, math.max(1, #hoard - 40), -1 do
    hoard[keep] = nil
    for i, operation in ipairs(OPERATIONS) do
        local ok, result = pcall(operation)
        if not ok then failed = failed + 1 end
        if not ok and not lacks(result) and not tostring(result):find("error in error handling", 1, true) then
            hoard = nil
            return "ESCAPED: operation " .. i .. " says " .. tostring(result)
        end
    end
end
hoard = nil
for i, operation in ipairs(OPERATIONS) do if not operation() then return "ESCAPED: operation " .. i .. " is wrong afterwards" end end
return failed > 0 and "HELD" or "ESCAPED: there was always enough"
