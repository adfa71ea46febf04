-- A hundred to-be-closed variables in each of many frames, whose handlers raise
-- expect: time_limit
local mt = {__close = function(_, e) error(e, 0) end}
local text = "local mt = ... "
for i = 1, 150 do text = text .. "local a" .. i .. " <close> = setmetatable({}, mt) " end
local f = load(text .. "error('x', 0)")
while true do pcall(f, mt) end
