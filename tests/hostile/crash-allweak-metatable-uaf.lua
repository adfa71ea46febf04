-- Tables with weak keys and values get new metatables while the collector works: it never marks those (all of 5.4)
-- expect: ok
-- defect: allweak-metatable-uaf
-- time: 10000 ms
local ballast = {}
for i = 1, 150000 do ballast[i] = {} end
local all = {}
for i = 1, 1000 do all[i] = setmetatable({}, {__mode = "kv", tag = i}) end
for round = 1, 100 do
  for i = 1, #all do
    setmetatable(all[i], {__mode = "kv", tag = i, pad = {i}})
    local g = {{}, {}, tostring(i)}
  end
  for i = 1, #all do
    local m = getmetatable(all[i])
    if type(m) ~= "table" or m.tag ~= i or m.pad[1] ~= i then error("WRONG: table " .. i .. " has a metatable that is another's") end
  end
end
return "HELD"
