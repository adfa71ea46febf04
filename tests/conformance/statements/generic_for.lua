-- levels: none restricted strict(next,setmetatable,coroutine.wrap,coroutine.yield)
local check = require "check"

local function collect(...)
    local t = {}
    for a, b, c in ... do t[#t + 1] = tostring(a) .. ":" .. tostring(b) .. ":" .. tostring(c) end
    return t
end
check.is("ipairs", collect(ipairs {"a", "b", nil, "d"}))
check.is("an iterator with state", collect(function(s, i) if i < s then return i + 1, s end end, 3, 0))
check.is("a closure", collect((function() local n = 0; return function() n = n + 1; if n <= 2 then return n, n * n, -n end end end)()))
check.is("false does not end it", collect((function() local n = 0; return function() n = n + 1; if n == 1 then return false, 1 end end end)()))
check.is("nil at once", collect(function() end))
check.is("a callable object", collect(setmetatable({}, {__call = function(_, s, c) c = (c or 0) + 1; if c < 3 then return c, s end end}), "state"))
check.is("next itself", collect(next, {5}))
check.is("the control variable's copy", (function() local t = {} for i, v in ipairs {"a", "b"} do i = i * 10; t[#t + 1] = i end return t end)())
check.is("closures keep their own", (function() local t = {} for i, v in ipairs {"a", "b", "c"} do t[i] = function() v = v .. "!"; return v end end return t[1](), t[1](), t[3]() end)())
check.is("ten variables", (function() for a, b, c, d, e, f, g, h, i, j in (function() local done; return function() if not done then done = true; return 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 end end end)() do return a + j end end)())
check.is("break", (function() for k in pairs {1, 2, 3} do if k == 2 then return k end end end)())
check.is("extra values are dropped", collect(next, {}, nil, nil, "extra"))
check.is("coroutines", (function() local t = {} for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do t[#t + 1] = v end return t end)())
check.is("clearing while going", (function() local t = {} for i = 1, 50 do t[i], t["k" .. i] = i, i end local n = 0 for k in pairs(t) do t[k] = nil; n = n + 1 end return n, next(t) end)())
check.is("an array in order", (function() local t = {} for k, v in pairs {10, 20, 30, 40} do t[#t + 1] = k .. "=" .. v end return t end)())
check.each {"for x in nil do end", "for x in 5 do end", "for x in {} do end", "for x in 'abc' do end", "for x in pairs() do end", "for x in pairs(nil) do end", "for x in ipairs() do end", "for x in ipairs(nil) do end", "for x in true do end", "for x do end", "for x in next do end", "for x in next, {}, 'no such key' do end", "local it = 5 for x in it do end", "local t = {} for x in t.iter do end", "for k, v in pairs(5) do end", "for i, v in ipairs(5) do end", "for i, v in ipairs('abc') do end"}
