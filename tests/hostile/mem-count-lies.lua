-- collectgarbage("count") stays below the limit whatever is tried
-- expect: ok
-- time: 5000 ms
local most, keep = 0, {}
pcall(function() while true do keep[#keep + 1] = {#keep} most = math.max(most, collectgarbage("count")) end end)
keep = nil
return most < 65536 and "HELD" or "ESCAPED: " .. most .. " KiB in use"
