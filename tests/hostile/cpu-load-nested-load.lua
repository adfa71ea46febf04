-- Load inside reader inside load ... (C recursion through the parser).
-- expect: ok
local function r() return load(r) and "" or nil end
print(pcall(load, r))
local function g() local f = load("return ...") ; return f(load(g)) end
print(pcall(g))
return "HELD"
