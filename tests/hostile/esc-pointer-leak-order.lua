-- Table traversal order of object keys and equality of %p reveals addresses (side channel).
-- expect: ok
local t, o = {}, {}
for i = 1, 64 do local k = {} t[k] = i end
for k, v in pairs(t) do o[#o + 1] = v end
local sorted = true for i = 2, #o do if o[i] < o[i - 1] then sorted = false end end
return sorted and "HELD" or "HELD: (order leaks address bits: " .. table.concat(o, ",", 1, 8) .. ")"
