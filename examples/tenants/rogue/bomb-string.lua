-- Memory bomb: a string that doubles with every step.
-- expect: memory_limit
-- output: 1 KiB

local text = ("0123456789abcdef"):rep(64)
print(#text // 1024 .. " KiB")
while true do text = text .. text end
