-- levels: none restricted strict(error)
local check = require "check"

-- What an error says of the variable that was wrong.
local up, upt = nil, {}
glob, globt = nil, {}
local cases = {
    {"a global called", function() glob() end}, {"a global indexed", function() return glob.x end}, {"a global's field called", function() globt.f() end}, {"a global in arithmetic", function() return glob + 1 end},
    {"a local called", function() local l; l() end}, {"a local indexed", function() local l; return l.x end}, {"a local's field indexed", function() local l = {}; return l.x.y end}, {"a local in arithmetic", function() local l = {}; return l * 2 end},
    {"an upvalue called", function() up() end}, {"an upvalue indexed", function() return up.x end}, {"an upvalue's field", function() return upt.x.y end}, {"an upvalue in arithmetic", function() return up - 1 end},
    {"a method", function() globt:m() end}, {"a method of a field", function() upt.x:m() end}, {"a method of a text", function() return ("x"):m() end},
    {"a field with a constant key", function() return upt["a b"].c end}, {"a field with a variable key", function() local k = "key"; return upt[k].c end}, {"a field with a number", function() return upt[1].c end}, {"a field with a large number", function() return upt[1000].c end}, {"a field with a float", function() return upt[1.5].c end},
    {"a parameter", function(p) return p.x end}, {"a loop's variable", function() for i = 1, 1 do i() end end}, {"an iterator's variable", function() for k, v in pairs {1} do v.x.y = 1 end end}, {"a vararg", function(...) return (...).x end},
    {"a constant called", function() return ("x")() end}, {"nil called", function() return (nil)() end}, {"a result called", function() return tostring(1)() end}, {"a result indexed", function() return tostring(1).x.y end},
    {"arithmetic on a field", function() return upt.n + 1 end}, {"arithmetic with the wrong one right", function() return 1 + upt.n end}, {"arithmetic with a constant", function() return 2 ^ upt.n end}, {"arithmetic on two", function() return upt + globt end}, {"a unary minus", function() return -upt end}, {"a unary minus on a field", function() return -upt.n end},
    {"a length", function() return #up end}, {"a length of a field", function() return #upt.n end}, {"a length of a number", function() local n = 5; return #n end},
    {"concatenation", function() return "x" .. up end}, {"concatenation of a field", function() return upt.n .. "x" end}, {"concatenation in the middle", function() local l = {}; return "a" .. l .. "c" end}, {"concatenation of a boolean", function() local b = true; return b .. "" end},
    {"bits of a float", function() local f = 1.5; return f | 1 end}, {"bits of a field", function() return upt.n & 1 end}, {"bits of a text", function() local s = "x"; return s << 1 end}, {"bits of a large float", function() local f = 2^63; return f ~ 1 end}, {"bits of nil", function() return ~up end},
    {"comparison", function() return up < 1 end}, {"comparison of two tables", function() return upt < globt end}, {"comparison of a text", function() return "x" < 1 end}, {"comparison the other way", function() return 1 > {} end}, {"comparison of booleans", function() return true <= true end},
    {"assignment to a field of nil", function() up.x = 1 end}, {"assignment to a field of a global", function() glob.x = 1 end}, {"assignment to a field of a field", function() upt.a.b = 1 end}, {"assignment by a number", function() up[1] = 1 end}, {"assignment by a variable", function() local k = "k"; up[k] = 1 end}, {"assignment to a text's field", function() local s = "x"; s.y = 1 end},
    {"assignment with nil as key", function() upt[up] = 1 end}, {"assignment with NaN as key", function() upt[0 / 0] = 1 end},
    {"a for loop's start", function() for i = upt, 1 do end end}, {"a for loop's limit", function() for i = 1, upt do end end}, {"a for loop's step", function() for i = 1, 2, upt do end end}, {"a for loop's zero step", function() for i = 1, 2, 0 do end end},
    {"an iterator that is none", function() for x in upt do end end}, {"integer division by zero", function() local z = 0; return 1 // z end}, {"remainder by zero", function() local z = 0; return 1 % z end},
    {"a field of _ENV", function() local _ENV = {}; return x.y end}, {"a field of a nil _ENV", function() local _ENV; return x end}, {"a function of _ENV", function() local _ENV = {}; f() end},
    {"a deep chain", function() return upt.a.b.c.d end}, {"a call in a chain", function() return globt.f().g() end}, {"self", function() local o = {m = function(self) return self.x.y end}; return o:m() end}, {"a library's field", function() string.nothing() end},
}
for _, case in ipairs(cases) do
    check.call(case[1], case[2])
end
