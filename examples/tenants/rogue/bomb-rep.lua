-- Memory bomb: one call asks for everything at once, and a pcall around it tries again and keeps what it gets.
-- expect: memory_limit
-- output: asked for a gigabyte: refused

local ok = pcall(string.rep, "x", 1 << 30)
print("asked for a gigabyte: " .. (ok and "granted" or "refused"))

local kept = {}
for size = 20, 30 do
    for _ = 1, 64 do kept[#kept + 1] = ("x"):rep(1 << size) .. #kept end
end
