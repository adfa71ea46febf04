-- Walk from any reachable function to a foreign _ENV/upvalue.
-- expect: ok
if debug then for _, f in pairs(_G) do if type(f) == "function" then local n, v = debug.getupvalue(f, 1) if type(v) == "table" and v ~= _ENV then return "ESCAPED: upvalue table reached" end end end end
local seen = {}
local function walk(t, path) if seen[t] then return end seen[t] = true
  for k, v in next, t do
    if type(v) == "userdata" then return path .. "." .. tostring(k) end
    if type(v) == "table" then local r = walk(v, path .. "." .. tostring(k)) if r then return r end end end end
local r = walk(_G, "_G")
if r then return "ESCAPED: userdata reachable at " .. r end
return "HELD"
