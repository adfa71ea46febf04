-- levels: none restricted strict(string.gmatch,string.rep)
local check = require "check"

local _, __, _a1, A_, a9 = 1, 2, 3, 4, 5
check.is("letters, digits and underscores", _, __, _a1, A_, a9)
local And, AND, nIl = "And", "AND", "nIl"
check.is("case matters", And, AND, nIl)
local long = "a" .. ("b"):rep(300)
check.is("a name of 301 characters", load("local " .. long .. " = 7; return " .. long)())

for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%a+") do
    check.is("reserved " .. word, (load("local " .. word .. " = 1", "=chunk")))
end

check.each {
    "local 1a = 2",
    "local é = 1",
    "x = a.end",
    "({self = 1}).self",
    "local goto1 = 3 return goto1",
    "local continue, import, global = 1, 2, 3 return continue + import + global",
    "a = @",
    "a = $",
    "a = ?",
    "a = \\",
    "a ! = b",
    "a != b",
    "a & b | c ~ d",
}
