-- Interned strings of the library changed by a tenant that knows how: it cannot, and the next sees its own
-- expect: ok
-- time: 5000 ms
local names = {}
for k in pairs(string) do names[#names + 1] = k end
for i = 1, 100000 do local _ = names[i % #names + 1] .. i end
for _, n in ipairs(names) do string[n] = nil end
collectgarbage()
--@NEXT-TENANT
for _, n in ipairs{"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower"} do if type(string[n]) ~= "function" then return "ESCAPED: string." .. n .. " is lost" end end
return "HELD"
