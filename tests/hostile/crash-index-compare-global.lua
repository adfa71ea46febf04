-- The same with a global table that is named _ENV[1 < 2]: reads a string constant that is none
-- expect: ok|runtime_error|vm_fault
-- defect: index-compare-codegen
_ENV[true] = 10
local function aux() return _ENV[1 < 2] end
local ok, v = pcall(aux)
_ENV[true] = nil
local function set() _ENV[1 < 2] = 5 return rawget(_ENV, true) end
pcall(set)
if v ~= 10 then error("WRONG: " .. tostring(v)) end
return "HELD"
