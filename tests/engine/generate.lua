-- Makes a program: ... is its number, which it depends on and nothing else. The program uses the modules "kit" and "held",
-- shows what it does line by line, and returns something. Pieces that do one kind of thing each are drawn at random,
-- with random sizes, and work on what the pieces before them left in `objects`.

local number = ...
local state = (number * 2862933555777941757 + 3037000493) | 1

local function draw(n) -- 1..n
    state = state * 6364136223846793005 + 1442695040888963407
    return ((state >> 33) % n) + 1
end
local function pick(list) return list[draw(#list)] end
local function fill(text) -- #N: a number up to N; @: any object
    return (text:gsub("#(%d+)", function(n) return draw(tonumber(n)) end):gsub("@", function()
        return ("objects[%d %% #objects + 1]"):format(draw(1000))
    end))
end

local PIECES = {
    -- Keys.
    [==[local t = {} for i = 1, #60 do local k = name({}, "k") t[k] = i objects[#objects + 1] = k end order(t) say(fold(t))]==],
    [==[local t = {} for i = 1, #40 do t[name(function() return i end, "f")] = i end order(t) for f, i in pairs(t) do assert(f() == i) end]==],
    [==[local t = {} for i = 1, #20 do t[name(coroutine.create(function() return i end), "c")] = i end order(t) collect()
      for co, i in pairs(t) do local ok, x = coroutine.resume(co) assert(ok and x == i) end say(fold(t))]==],
    [==[local t = {} for i, o in ipairs(objects) do t[o] = i end order(t) t[@] = nil t[@] = "again" order(t) for _, o in ipairs(objects) do say(t[o]) end]==],
    [==[local t = {[0.5] = 1, [-#9] = 2, [2^#60] = 3, [true] = 4, [print] = 5, [string.rep] = 6, [""] = 7, [("k"):rep(#90)] = 8, [1/0] = 9, [-0.0] = 10}
      order(t) say(t[0], t[-0.0], t[("k"):rep(#90)], fold(t))]==],
    [==[local t = {} for i = 1, #200 do t["s" .. i * #7] = i end for i = 1, #200, 3 do t["s" .. i] = nil end order(t) say(fold(t), next(t) ~= nil)]==],
    [==[order(H.by_object) say(fold(H.by_object)) H.by_object[H.objects[#36]] = nil H.by_object[name({}, "new")] = #99 order(H.by_object)]==],
    [==[for p, i in pairs(H.points) do p.x = p.x + #9 end local s = 0 for p, i in pairs(H.points) do s = s + p("x") * i end say(s) order(H.points)]==],
    -- Weak tables and collections.
    [==[for mode, t in pairs(H.weak) do local n = 0 for _ in pairs(t) do n = n + 1 end collect() local m = 0 for _ in pairs(t) do m = m + 1 end
      if not SORTED then say(mode, n) end say(m) end]==],
    [==[local w = setmetatable({}, {__mode = "k"}) local keep = {} for i = 1, #50 do local k = {} w[k] = {k} if i % #5 == 0 then keep[#keep + 1] = k end end
      collect() local n = 0 for k, v in pairs(w) do n = n + 1 assert(v[1] == k) end say(n, #keep)]==],
    [==[local w = setmetatable({}, {__mode = "v"}) for i = 1, #50 do w[i] = i % #4 == 0 and {i} or @ w["x" .. i] = "text" end collect() local n = 0
      for k in pairs(w) do n = n + 1 end say(n)]==],
    [==[local w = setmetatable({}, {__mode = "kv"}) for i = 1, #40 do w[{}] = i w[i] = {} w[@] = @ end collect() local n = 0 for _ in pairs(w) do n = n + 1 end say(n)]==],
    [==[local chain = setmetatable({}, {__mode = "k"}) local first = {} local k = first for i = 1, #30 do local v = {} chain[k] = v k = v end k = nil collect()
      local n = 0 k = first while chain[k] do n = n + 1 k = chain[k] end say("ephemerons", n)]==],
    [==[local big = {} for i = 1, #900 do big[i] = {i, tostring(i), {i}} end big = nil collect() say("collected")]==],
    [==[collect() if collectgarbage and not SORTED then say(collectgarbage("count") > 0) end]==],
    -- Closures.
    [==[say(H.up(#9), H.down(#9), H.up(), H.log())]==],
    [==[local list = {} for i = 1, #20 do local n = i list[i] = {function() n = n + 1 return n end, function() n = n * 2 return n end} end
      for i = #3, #list, 2 do list[i][1]() list[i][2]() end local s = 0 for _, p in ipairs(list) do s = s + p[1]() end say(s)]==],
    [==[local function counter() local n = 0 return function(by) n = n + (by or 1) return n end end local a, b = counter(), counter()
      for i = 1, #30 do a(i) if i % 3 == 0 then b(a()) end end say(a(), b())]==],
    [==[local fib fib = function(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end say(fib(#15))]==],
    [==[local memo = {} local function ack(m, n) local k = m << 16 | n if memo[k] then return memo[k] end local r
      if m == 0 then r = n + 1 elseif n == 0 then r = ack(m - 1, 1) else r = ack(m - 1, ack(m, n - 1)) end memo[k] = r return r end say(ack(2, #8))]==],
    -- Coroutines.
    [==[for i, co in ipairs(H.coroutines) do say(i, coroutine.status(co), coroutine.resume(co, #9)) end]==],
    [==[local co = H.coroutines[#9] for i = 1, #6 do say(coroutine.resume(co, i, "x")) if i == 3 then collect() end end say(coroutine.status(co))]==],
    [==[say(H.share(#9)) coroutine.resume(H.coroutines[4], #9) say(H.share(1))]==],
    [==[local co = H.coroutines[5] say(pcall(coroutine.close, co)) say(coroutine.status(co), H.closed)]==],
    [==[local gen = coroutine.wrap(function() for i = 1, #30 do coroutine.yield(i, {i}) end return "done" end) local s = 0
      while true do local v = gen() if v == "done" then break end s = s + v if s % #9 == 0 then collect() end end say(s)]==],
    [==[local function walk(t, depth) if depth == 0 then coroutine.yield(t) return end walk({t}, depth - 1) walk({t, t}, depth - 1) end
      local n, s = 0, 0 for t in coroutine.wrap(function() walk({}, #5) end) do n = n + 1 s = s * 3 + #t end say(n, s)]==],
    [==[local co = coroutine.create(function(...) local ok, e = pcall(function(...) local a = coroutine.yield(...) error({a}) end, ...) coroutine.yield(ok, e[1]) error("out") end)
      say(coroutine.resume(co, 1, nil, 3)) say(coroutine.resume(co, #50)) say(coroutine.resume(co)) say(coroutine.resume(co))]==],
    [==[objects[#objects + 1] = name(coroutine.create(function() local x <close> = setmetatable({}, {__close = function() say("closed") end}) coroutine.yield(#9) end), "tbc")
      say(coroutine.resume(objects[#objects])) say(coroutine.close(objects[#objects]))]==],
    [==[local cos = {} for i = 1, #12 do cos[i] = coroutine.wrap(function(x) while true do x = coroutine.yield((x or 0) + i) end end) end
      local v = 0 for round = 1, 3 do for _, f in ipairs(cos) do v = f(v) end end say(v)]==],
    -- Metatables.
    [==[local P = H.Point local a, b = P.new(#9, #9), P.new(#9, #9) say((a + b).x, a == b, a < b, #a, (-a).y, a "x", rawequal(a, b))]==],
    [==[local base = {greet = function(self) return "I am " .. self.n end} base.__index = base local o = {n = #99} for i = 1, #10 do o = setmetatable({n = i, inner = o}, base) end
      say(o:greet(), o.inner and o.inner.n)]==],
    [==[local log = {} local t = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k rawset(t, k, v) end, __index = function(t, k) return k * 2 end})
      for i = 1, #20 do if i % 2 == 0 then t[i] = i end log[#log + 1] = t[i] end say(table.concat(log, " "))]==],
    [==[local m = {__lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v end, __idiv = function(a, b) return #9 end,
      __band = function() return "band" end, __shl = function(a, n) return n end, __mod = function() return nil end} local a, b = setmetatable({v = #9}, m), setmetatable({v = #9}, m)
      say(a < b, a <= b, a > b, a // b, a & 1, a << 3, a % 2)]==],
    [==[local proxy = setmetatable({}, {__pairs = function(t) return function(_, k) k = (k or 0) + 1 if k <= #20 then return k, k * k end end, t, nil end}) local s = 0
      for k, v in pairs(proxy) do s = s + v end say(s, tostring(setmetatable({}, {__tostring = function() return "shown" end})))]==],
    [==[do local a <close> = setmetatable({}, {__close = function(_, e) say("a", e) end}) local b <close> = setmetatable({}, {__close = function() say("b") end}) say("body", #9) end
      say(pcall(function() local c <close> = setmetatable({}, {__close = function(_, e) say("c", e ~= nil) end}) error("thrown", 0) end))]==],
    -- Control.
    [==[local i = 1 ::top:: if i < #50 then i = i * 2 goto top end do goto over end say("never") ::over:: say(i)]==],
    [==[for i = 1, 3 do for j = 1, 3 do if j == #3 then goto continue end say(i, j) ::continue:: end end]==],
    [==[local function v(...) local a, b = ... local t = {...} return select("#", ...), a, b, #t, ... end say(v(#9, nil, "x")) say((v(1, 2))) say(select(-2, v(#9, 8, 7)))]==],
    [==[local t = {} for i = 1, #120 do t[i] = i end say(select("#", table.unpack(t)), math.max(table.unpack(t)), (string.char(table.unpack(t, 1, #t)):gsub("%c", "")))]==],
    [==[local s = 0 for i = math.maxinteger - #5, math.maxinteger do s = s ~ i end for x = 1.0, #5, 0.25 do s = s + x // 1 end for i = #20, 1, -3 do s = s * 3 end say(s)]==],
    -- Numbers.
    [==[local x = #1000000 say(x * x * x * x * x, x // -7, x % -7, -x // 7, x << 40, x >> 3, ~x, x / 7, 2 ^ 0.5 * x, math.mininteger // -1, 7 // 0.0, -7 % (1 / 0))]==],
    [==[local x = #1000 + 0.1 say(x, x // 1, x % 0.7, -x % 3, math.floor(x), math.tointeger(x // 1), x == x, 0/0 ~= 0/0, 1e308 * 10, x * 1e-320, 3 | 4.0)]==],
    [==[say(tostring(#100 / 3), ("%5.3f|%g|%x|%d|%a"):format(#100 / 7, 1e20, #999, 3.0, 0.5), "10" + #9, "0x10" * 2, 10 .. 20, tonumber("1e#9"), tonumber("zz", 36), tonumber("8", 8))]==],
    [==[say(math.random(#100), math.random(0) & 0xffff, math.random(), math.random(-#50, #50)) math.randomseed(#99) say(math.random(1000000))]==],
    -- Strings.
    [==[local s = ("The quick brown fox %d "):format(#99):rep(#9) say((s:gsub("%w+", function(w) return #w > #5 and w:upper() or nil end))) say(#s, s:find("fox", #40, true), s:match("(%a+) (%d+)"))]==],
    [==[local n, words = 0, {} for w, p in ("one two  three,four;five"):gmatch("(%a+)()") do n = n + p words[#words + 1] = w:reverse() end say(n, table.concat(words, "/"))]==],
    [==[say((("$a $b $c"):gsub("%$(%w)", {a = #9, b = "two"})), ("x=1, y=2"):gsub("(%w)=(%w)", "%2=%1"), ("[[x]]"):match("%b[]"), ("THE (quick) fox"):find("%f[%a]%a+%f[%A]", #9))]==],
    [==[local p = string.pack("<i4 z s2 d B", -#9999, "zero", ("s"):rep(#50), #99 / 4, #255) say(#p, string.unpack("<i4 z s2 d B", p)) say(string.packsize("<i4 d"))]==],
    [==[local t = {} for i = 1, #400 do t[#t + 1] = i .. (i % 3 == 0 and ("p"):rep(i % 50) or "") end local s = table.concat(t, ",") say(#s, s:sub(-#30), s:byte(#9, 12))]==],
    [==[local s = "" for i = 1, #150 do s = s .. string.char(65 + i % 26) end local seen = {} for i = 1, #s - 3 do local k = s:sub(i, i + #40) seen[k] = (seen[k] or 0) + i end order(seen) say(fold(seen))]==],
    [==[local s = utf8.char(#900 + 100, #60000, 0x10000 + #9999) say(utf8.len(s), utf8.codepoint(s, 1, -1)) for p, c in utf8.codes(s) do say(p, c) end say(utf8.len("\xff"))]==],
    -- Tables.
    [==[local t = {} for i = 1, #200 do t[i] = (i * 7919) % 1009 end table.sort(t) say(t[1], t[#t]) table.sort(t, function(a, b) return a % 10 < b % 10 or (a % 10 == b % 10 and a > b) end)
      say(table.concat(t, " ", 1, math.min(#t, 20)))]==],
    [==[local t = {} for i = 1, #50 do table.insert(t, i % 2 == 0 and 1 or #t + 1, i) end for i = 1, #20 do table.remove(t, #t // 2 + 1) end table.move(t, 1, #t, 3) say(#t, table.concat(t, " "))]==],
    [==[local list = {} for i, o in ipairs(objects) do list[i] = {o, show(o)} end table.sort(list, function(a, b) return a[2] < b[2] end) local l = {} for i = 1, math.min(#list, 12) do l[i] = list[i][2] end say(table.concat(l, " "))]==],
    [==[local t = {n = 0} for i = 1, #300 do t[i] = i end for k in pairs(t) do t[k] = nil end say(next(t), #t) t[1] = 1 say(next(t))]==],
    [==[H.tree[#5] = nil local n, stack = 0, {H.tree} while #stack > 0 do local t = table.remove(stack) n = n + 1 for i, c in pairs(t) do if i ~= "up" then stack[#stack + 1] = c end end end say(n, H.me.me == H)]==],
    [==[_G["global" .. #9] = @ _ENV.other = (other or 0) + 1 local _ENV = setmetatable({}, {__index = _G}) made = #9 say(made, rawget(_G, "made"), other)]==],
    -- Failing.
    [==[say(pcall(error)) say(pcall(error, "m", #3)) say(pcall(error, {code = #9})) say(select(2, pcall(function() local x = nil return x.y.z end)))]==],
    [==[say(pcall(function() return #9 + {} end)) say(pcall(function() return {} < {} end)) say(pcall(string.rep)) say(pcall(string.format, "%d", 1.5)) say(pcall(setmetatable, 1))]==],
    [==[say(xpcall(function(a) error("deep " .. a) end, function(m) return "handled: " .. m end, #9)) local function r(n) return 1 + r(n) end say((pcall(r, 1)))]==],
    [==[say(load("return #9 * 2")()) say(load("return ((")) local f = load("x = (x or 0) + 1 return x", "=chunk", "t", {x = #9}) say(f(), f()) say(load(coroutine.wrap(function() coroutine.yield("return ") coroutine.yield("#99") end))())]==],
}

local FILES = { -- level none
    [==[local f = name(io.tmpfile(), "file") objects[#objects + 1] = f local t = {[f] = #9, [io.stdout] = 2, [io.stdin] = 3} f:write("line ", #99, "\n", 3.5, "\n") f:seek("set") say(f:read("l", "n")) order(t) say(t[f], io.type(f))]==],
    [==[local f <close> = assert(io.open("/dev/null")) say(f:read("a"), f:read(1), io.type(f)) local w = setmetatable({[f] = 1}, {__mode = "k"}) collect() say(w[f])]==],
    [==[local log = {} do local o = setmetatable({}, {__gc = function() log[#log + 1] = "finalized" end}) end collect() say(#log, log[1])]==],
    [==[local f = string.dump(function(a) return a * #9 end) say(load(f, "dumped", "b")(7)) say(debug.traceback("trace", 1):match("^[^\n]+"))]==],
    [==[say(debug.getinfo(1, "l").currentline > 0, debug.upvalueid(H.up, 1) == debug.upvalueid(H.down, 1), select(2, debug.getlocal(1, 1)) ~= nil)]==],
    [==[collect() say(collectgarbage("count") > 0, collectgarbage("step"), collectgarbage("isrunning"))]==],
}

local ENDS = {
    [[return fold(objects), "end", #objects, {1, 2, {x = #9}}]], [[return H.up(), true, nil, 0.1 + #9]], [[return {nested = {deeply = {#9, "x"}}}, name]],
    [[return table.unpack({1, 2, 3}, 1, #3)]], [[return nil]],
    [[error("the end of " .. #9)]], [[error({code = {#9, true}})]], [[local function f(n) if n == 0 then error("deep") end f(n - 1) end f(#30)]],
    [[return objects[1].no.such.field]], [[coroutine.wrap(function() local x = nil + #9 end)()]], [[return H.coroutines[#9], coroutine.wrap(error)]],
}

local lines = {
    "local K, H = require 'kit', require 'held'",
    "local name, show, say, order, fold, collect = K.name, K.show, K.say, K.order, K.fold, K.collect",
    "local objects = {}",
    "for i, o in ipairs(H.objects) do objects[i] = o end",
}
local with_files = number % 2 == 1
for i = 1, 3 + draw(9) do
    local piece = fill(pick(with_files and draw(6) == 1 and FILES or PIECES))
    if piece:find("io.", 1, true) or piece:find("debug.", 1, true) or piece:find("__gc", 1, true) or piece:find("string.dump", 1, true) then
        piece = "if io and debug then " .. piece .. " end"
    end
    lines[#lines + 1] = ("do print('-- %d') %s end"):format(i, piece)
    if draw(4) == 1 then lines[#lines + 1] = "collect()" end
end
lines[#lines + 1] = "do " .. fill(pick(ENDS)) .. " end"
return table.concat(lines, "\n")
