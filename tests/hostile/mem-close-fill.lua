-- Memory is filled in __close handlers, of 150 variables, on the way out of a memory error
-- expect: time_limit
-- time: 700 ms
local keep = {}
local mt = {__close = function() for i = #keep + 1, 1e9 do keep[i] = {} end end}
local text = "local mt, fill = ... "
for i = 1, 150 do text = text .. "local a" .. i .. " <close> = setmetatable({}, mt) " end
load(text .. "fill()")(mt, mt.__close)
