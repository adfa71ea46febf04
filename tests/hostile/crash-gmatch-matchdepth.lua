-- An iterator of gmatch called again after "pattern too complex": without its count of depth it recurses without limit (all releases to 5.5.0)
-- expect: ok
-- defect: gmatch-matchdepth
-- time: 5000 ms
local it = string.gmatch(string.rep("a", 1000000), string.rep("a?", 500000))
local first, second = pcall(it), {pcall(it)}
if first then return "ESCAPED: the pattern was not too complex" end
for i = 1, 3 do pcall(it) end
for _ in (function() local i2 = string.gmatch(string.rep("a", 300), string.rep("(a?)", 31) .. string.rep("a?", 250)) pcall(i2) return i2 end)() do end
return second[1] and second[2] == nil and "HELD" or "ESCAPED: the iterator goes on after its error"
