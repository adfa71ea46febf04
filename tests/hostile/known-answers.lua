-- What any tenant must get right, whoever had the context before: a known answer from every library, and no name too many.
local fresh = math.random(0) -- the driver compares it with other tenants'
local wrong = {}
local function check(name, got, want)
    if got ~= want then wrong[#wrong + 1] = name .. ": " .. tostring(got) end
end

-- No global and no library function that does not belong.
local names = {
    [""] = "_G _VERSION assert collectgarbage coroutine error getmetatable ipairs load math next os pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring type utf8 warn xpcall",
    coroutine = "close create isyieldable resume running status wrap yield",
    string = "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    table = "concat insert move pack remove sort unpack",
    utf8 = "char charpattern codepoint codes len offset",
    os = "clock date difftime time",
}
for library, list in pairs(names) do
    local there, here = library == "" and _G or _G[library], {}
    for name in list:gmatch("%S+") do here[name] = true end
    for name in pairs(there) do if not here[name] then wrong[#wrong + 1] = "too many: " .. library .. "." .. tostring(name) end end
    for name in pairs(here) do if rawget(there, name) == nil then wrong[#wrong + 1] = "missing: " .. library .. "." .. name end end
end
check("metatable of _G", getmetatable(_G), nil)
for library in pairs(names) do check("metatable of " .. library, getmetatable(library == "" and _G or _G[library]), nil) end

-- Base.
check("pcall", select("#", pcall(error, nil)), 2)
check("error", select(2, pcall(error, "x", 0)), "x")
check("xpcall", select(2, xpcall(error, function(m) return m .. "!" end, "x")), "x!")
check("tonumber", tonumber("ff", 16), 255)
check("tostring", tostring(0.1), "0.1")
check("load", load("return ...", "=x", "t", {})(7), 7)
check("load of nonsense", load("return +"), nil)
check("metatable", setmetatable({}, {__index = function(_, k) return k .. "?" end}).a, "a?")
check("raw", rawequal(_G, _ENV) and rawlen({1, 2}) == 2, true)
check("division by zero", pcall(function() return 1 // 0 end), false)
check("require", require("string"), string)

-- Language: closures, varargs, goto, integers, to-be-closed variables.
local function counter() local n = 0 return function() n = n + 1 return n end end
local one, two = counter(), counter() one() one()
check("closures", one() * 10 + two(), 31)
check("varargs", select("#", table.unpack({}, 1, 250)), 250)
check("overflow", math.maxinteger + 1, math.mininteger)
check("bits", (0xF0 ~ 0xFF) << 4 | 1, 0xF1)
local closed
do local x <close> = setmetatable({}, {__close = function() closed = true end}) end
check("close", closed, true)

-- string.
check("format", string.format("%5.2f|%d|%q|%s|%x", 3.14159, 42, "a\nb", nil, 255), " 3.14|42|\"a\\\nb\"|nil|ff")
check("gsub", (("hello world"):gsub("o", {o = "0"})), "hell0 w0rld")
check("find", ("a.b"):find(".", 1, true), 2)
check("match", ("key = value"):match("^(%w+)%s*=%s*(%w+)$"), "key")
check("balance", ("f(a(b)c)d"):match("%b()"), "(a(b)c)")
local words = {} for w in ("one two  three"):gmatch("%a+") do words[#words + 1] = w end
check("gmatch", table.concat(words, ","), "one,two,three")
check("rep", ("ab"):rep(3, "-"), "ab-ab-ab")
check("pack", string.unpack("<i4", string.pack("<i4", -2)), -2)
check("bytes", string.char(("AZ"):byte(1, -1)):lower():reverse():upper(), "ZA")
check("string metatable", getmetatable(""), false)
check("method", ("x").len, string.len)

-- table.
local t = {5, 2, 8, 1}
table.sort(t, function(a, b) return a > b end)
check("sort", table.concat(t, " "), "8 5 2 1")
table.insert(t, 2, 6) check("remove", table.remove(t, 1), 8)
check("move", table.concat(table.move(t, 1, 3, 2), ","), "6,6,5,2")
check("next", next({}), nil)

-- math, utf8, os.
check("floor", math.floor(-3.5), -4)
check("tointeger", math.tointeger(3.0), 3)
check("fmod", math.fmod(-5, 3), -2)
check("ult", math.ult(1, -1), true)
check("sqrt", math.sqrt(144), 12.0)
local r = math.random(1, 6) check("random", r >= 1 and r <= 6, true)
check("utf8", utf8.char(228, 8364):len(), 5)
check("utf8.len", utf8.len("äöü"), 3)
check("utf8.codepoint", utf8.codepoint("€"), 8364)
check("date", os.date("!%Y-%m-%d", 86400), "1970-01-02")
check("long date", os.date("!" .. ("%H*t!%%x"):rep(200), 0), ("00*t!%x"):rep(200))
check("time", type(os.time{year = 2020, month = 1, day = 1}), "number")
check("clock", type(os.clock()), "number")

-- coroutine.
local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
check("coroutine", co(1) * 100 + co(4), 208)
local dead = coroutine.create(function() error({}) end)
check("resume", coroutine.resume(dead), false)
check("status", coroutine.status(dead), "dead")
check("close of a coroutine", coroutine.close(coroutine.create(print)), true)

-- Collector: enough garbage to go round, while something lives.
local live = {}
for i = 1, 20000 do live[i % 100 + 1] = {i, tostring(i)} end
check("survivors", live[1][1], 20000)

return #wrong == 0 and "OK" or table.concat(wrong, "; "), fresh
