-- Gives the host what it then holds: functions, closures over the globals, deep tables
message = "was here"
local t = { print, function() return message end, _G.string.rep }
for _ = 1, 50 do
    t = { t }
end
return t, function() message = "again" end, coroutine.create(print)
