-- Error messages that reveal host file paths or native function names.
-- expect: ok
local msgs = {}
for _, f in ipairs{function() local x = nil; x() end, function() string.rep() end, function() error("a", 2) end, function() error("a", 99) end} do local ok, e = pcall(f) msgs[#msgs + 1] = tostring(e) end
local all = table.concat(msgs, "|")
if all:find("/[%w_]+/[%w_]+/") then return "ESCAPED: path in message: " .. all end
return "HELD"
