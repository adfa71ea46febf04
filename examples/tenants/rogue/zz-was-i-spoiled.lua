-- Detector: checks that no other tenant has been here: every name, every metatable, every function's behaviour.
-- expect: ok
-- output: nothing was changed by a stranger

local findings = {}
local function check(condition, text)
    if not condition then findings[#findings + 1] = text end
end

-- 1. Names. Everything that Lua 5.4 defines, and `arg` of the stand-alone interpreter; a host may give less, never more.
local KNOWN = {
    _G = [[_G _VERSION arg assert collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile math
        next os package pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table
        tonumber tostring type utf8 warn xpcall]],
    string = "byte char dump find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    table = "concat insert move pack remove sort unpack",
    math = [[abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad random
        randomseed sin sqrt tan tointeger type ult atan2 cosh sinh tanh pow frexp ldexp log10]],
    utf8 = "char charpattern codepoint codes len offset",
    coroutine = "close create isyieldable resume running status wrap yield",
    os = "clock date difftime execute exit getenv remove rename setlocale time tmpname",
}

for library, names in next, KNOWN do
    local known, tab = {}, _G
    if library ~= "_G" then tab = rawget(_G, library) end
    for name in string.gmatch(names, "%S+") do known[name] = true end
    for name in next, tab or {} do check(known[name], library .. " has a foreign name: " .. tostring(name)) end
    check(not tab or getmetatable(tab) == nil, library .. " has a metatable")
end

local function absent(name) return rawget(_G, name) == nil end
check(absent("secret") and absent("admin") and absent("__cache"), "a stranger's globals are visible")
check(no_such_global == nil, "an unknown global has a value")
check(rawequal(_G, _ENV) and rawequal(_G._G, _G), "_ENV is not the global table")
check(_VERSION == "Lua 5.4", "_VERSION is " .. tostring(_VERSION))

-- 2. Metatables of the basic types.
local mt = getmetatable("")
if type(mt) == "table" then
    check(rawequal(mt.__index, string), "strings have another __index")
    check(mt.__call == nil and mt.__metatable == nil and mt.__concat == nil, "the metatable of strings has more in it")
end
check(getmetatable(nil) == nil and getmetatable(0) == nil and getmetatable(true) == nil, "nil, number or boolean have a metatable")
check(getmetatable(print) == nil and getmetatable(coroutine.create(print)) == nil, "functions or threads have a metatable")
check(not pcall(function() return (nil).x end), "nil can be indexed")
check(not pcall(function() return ("x")() end), "strings can be called")

-- 3. Behaviour: an expression per line, each of which must be true.
local EXPECTATIONS = [==[
type(nil) == "nil" and type(1) == "number" and type("") == "string" and type({}) == "table" and type(print) == "function"
tostring(12) == "12" and tostring(nil) == "nil" and tostring(1.5) == "1.5" and tostring(true) == "true"
tonumber("0x1F") == 31 and tonumber("z", 36) == 35 and tonumber("1e2") == 100.0 and tonumber("one") == nil
select("#", 1, nil, 3) == 3 and select(2, "a", "b") == "b" and select(-1, "a", "b") == "b"
rawequal("a", "a") and rawlen({ 1, 2 }) == 2 and rawget({ 7 }, 1) == 7 and rawset({}, 1, 8)[1] == 8
pcall(error) == false and select(2, pcall(error, "x", 0)) == "x" and pcall(function() end) == true
select(2, xpcall(error, function(m) return m .. "!" end, "x", 0)) == "x!"
assert(1, 2) == 1 and pcall(assert, false) == false and select(2, pcall(assert, nil, "m")) == "m"
next({}) == nil and next({ 5 }) == 1 and ipairs({})({}, 0) == nil
setmetatable({}, { __index = function() return 9 end }).x == 9 and getmetatable(setmetatable({}, { __metatable = 3 })) == 3
load("return 1 + 1")() == 2 and load("return x", "c", "t", { x = 4 })() == 4 and load("return (") == nil
load("return print")() == print and load("return _G")() == _G
string.format("%5.2f|%-4s|%04d|%q|%x", 3.14159, "ab", 42, "q\n", 255) == " 3.14|ab  |0042|\"q\\\n\"|ff"
string.rep("ab", 3, "-") == "ab-ab-ab" and string.reverse("abc") == "cba" and string.len("héllo") == 6
string.upper("aé1") == "Aé1" and string.lower("ABC") == "abc" and ("x"):upper() == "X" and #"four" == 4
string.sub("hello", 2, -2) == "ell" and ("hello"):sub(-3) == "llo" and string.byte("A") == 65 and string.char(72, 105) == "Hi"
string.find("hello", "l+") == 3 and select(2, string.find("hello", "l+")) == 4 and string.find("a.b", ".", 1, true) == 2
string.match("key = value", "(%w+)%s*=%s*(%w+)") == "key" and string.match("2024-03-09", "%d+$") == "09"
string.gsub("hello world", "o", "0") == "hell0 w0rld" and select(2, string.gsub("aaa", "a", "b", 2)) == 2
string.gsub("$name!", "%$(%w+)", { name = "Lua" }) == "Lua!" and ("abc"):gsub("%w", "%0%0") == "aabbcc"
string.unpack("<i4", string.pack("<i4", -7)) == -7 and string.packsize("<i4i8") == 12
table.concat({ 1, 2, 3 }, ", ", 2) == "2, 3" and table.unpack({ 1, 2, 3 }, 2) == 2 and table.pack(1, nil).n == 2
table.remove({ 4, 5, 6 }, 1) == 4 and table.remove({}) == nil and #table.move({ 1, 2, 3 }, 1, 3, 2) == 4
math.floor(-1.5) == -2 and math.ceil(1.2) == 2 and math.abs(-3) == 3 and math.max(1, 5, 3) == 5 and math.min(2, 1) == 1
math.pi > 3.14159265 and math.pi < 3.14159266 and math.huge == 1 / 0 and math.maxinteger == 0x7fffffffffffffff
math.mininteger == -math.maxinteger - 1 and math.type(1) == "integer" and math.type(1.0) == "float" and math.type("1") == nil
math.tointeger(3.0) == 3 and math.tointeger(3.5) == nil and math.ult(1, -1) and math.fmod(7, 3) == 1 and math.sqrt(16) == 4
math.modf(3.7) == 3.0 and math.exp(0) == 1 and math.log(8, 2) == 3 and math.deg(math.pi) == 180 and math.rad(180) == math.pi
math.sin(0) == 0 and math.cos(0) == 1 and math.tan(0) == 0 and math.asin(0) == 0 and math.acos(1) == 0 and math.atan(1, 1) == math.pi / 4
utf8.char(72, 228, 8364, 128512) == "Hä€😀" and utf8.len("Hä€😀") == 4 and utf8.len("\xff") == nil
utf8.codepoint("€") == 8364 and utf8.offset("aä€", 3) == 4 and #utf8.charpattern == 14
coroutine.wrap(function(a) return coroutine.yield(a) end)(5) == 5 and coroutine.isyieldable() ~= nil
coroutine.status(coroutine.create(print)) == "suspended" and select(2, coroutine.resume(coroutine.create(function() return 6 end))) == 6
collectgarbage("count") > 0
]==]

for line in string.gmatch(EXPECTATIONS, "[^\n]+") do
    local f = load("return " .. line, "=expectation")
    local ok, value = pcall(f)
    check(ok and value, "does not hold: " .. line .. (ok and "" or " (" .. tostring(value) .. ")"))
end

local sorted, sum, pairs_seen = { 3, 1, 2 }, 0, 0
table.sort(sorted, function(a, b) return a > b end)
check(table.concat(sorted) == "321", "table.sort does not sort")
table.insert(sorted, 1, 9)
check(#sorted == 4 and sorted[1] == 9, "table.insert does not insert")
for _, v in ipairs(sorted) do sum = sum + v end
check(sum == 15, "ipairs skips something")
for k, v in pairs { a = 1, b = 2, 3 } do pairs_seen = pairs_seen + (k == 1 and v or v * 10) end
check(pairs_seen == 33, "pairs skips something")
local word_count = 0
for _ in string.gmatch("the quick brown fox", "%a+") do word_count = word_count + 1 end
check(word_count == 4, "gmatch skips something")
for position, code in utf8.codes("aä") do check(code == (position == 1 and 97 or 228), "utf8.codes is wrong") end
if os and os.date then
    check(os.date("!%Y-%m-%d %H:%M:%S", 86400) == "1970-01-02 00:00:00", "os.date is wrong")
    check(os.difftime(5, 3) == 2.0 and os.time() > 1.6e9 and os.clock() >= 0, "the clock is wrong")
end

-- 4. Chance: dice of all kinds within their bounds, and not the well-known first throws after randomseed(42).
local throws, same = {}, true
for i = 1, 8 do
    throws[i] = math.random(1, 1000000)
    check(throws[i] >= 1 and throws[i] <= 1000000 and math.random() < 1, "math.random leaves its bounds")
end
math.randomseed(42)
for i = 1, 8 do
    if math.random(1, 1000000) ~= throws[i] then same = false end
    math.random()
end
check(not same, "somebody else chose the seed")

if #findings > 0 then error("spoiled:\n  " .. table.concat(findings, "\n  "), 0) end
print("nothing was changed by a stranger")
return true
