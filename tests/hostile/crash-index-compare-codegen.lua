-- Wrong code for an index that is a comparison (to 5.4.7): the key is the boolean, not the register
-- expect: ok|runtime_error
-- defect: index-compare-codegen
local function sees(k) return k end
local e = setmetatable({}, {__index = function(_, k) return sees(k) end})
local function f(t, a, b) return t[a < b], t[a == b], t[not a], t[a and b] end
local w, x, y, z = f(e, 1, 2)
local function g() local _ENV = {[true] = "yes", [false] = "no"} return _ENV[1 < 2], _ENV[1 == 2] end
local yes, no = g()
if w ~= true or x ~= false or y ~= false or z ~= 2 or yes ~= "yes" or no ~= "no" then error("WRONG: " .. tostring(w) .. tostring(x) .. tostring(yes) .. tostring(no)) end
return "HELD"
