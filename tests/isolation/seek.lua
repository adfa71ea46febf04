-- Asks for what no script may have, by every way that its level has: files, the environment, bytecode, libraries of C,
-- the debug library, the registry, addresses of what is not its own.
local problems = {}
local function got(what, value)
    if value ~= nil and value ~= false then
        problems[#problems + 1] = what .. ": " .. tostring(value)
    end
end
for _, name in ipairs({ "io", "debug", "package", "loadfile", "dofile", "arg", "jit", "ffi", "lunette", "newproxy", "module",
    "loadstring", "setfenv", "getfenv", "unpack" }) do
    got("the global " .. name, rawget(_G, name))
    got("require " .. name, select(2, pcall(require, name)) == nil or nil)
    local ok = pcall(require, name)
    got("the module " .. name, ok)
end
for _, name in ipairs({ "getenv", "execute", "exit", "remove", "rename", "tmpname", "setlocale" }) do
    got("os." .. name, os[name])
end
got("string.dump", string.dump)
for _, path in ipairs({ "/etc/passwd", "/proc/self/maps", "./x.lua", "../x", "x;y", "a.b.c" }) do
    got("a module of " .. path, (pcall(require, path)))
end
for _, mode in ipairs({ "b", "bt", "t", "" }) do
    got("bytecode, mode " .. mode, (load("\27Lua\84\0\25\147\r\n\26\n", "=b", mode)))
    local sent = false
    got("bytecode in pieces, mode " .. mode, (load(function()
        if not sent then
            sent = true
            return "\27"
        end
    end, "=b", mode)))
end
got("a file's name in %c", os.date("%c"):find("/usr", 1, true))
got("the date of an environment variable", os.date("!%Z") ~= "GMT" and os.date("!%Z") ~= "UTC" or nil)
got("the registry by getmetatable", getmetatable(_G))
got("the strings' metatable", getmetatable("") or nil)
got("a thread's metatable", getmetatable(coroutine.running()))
got("a function's metatable", getmetatable(print))
got("a host's path in an error", tostring(select(2, pcall(error, "x", 3))):find("/", 1, true))
got("a host's path in a message", tostring(select(2, pcall(string.rep))):find("/", 1, true))
got("a host's frame", tostring(select(2, pcall(error, "x", 50))):find(":", 1, true))
for size = 0, 200 do
    local ok, text = pcall(string.format, "%p", ("x"):rep(size))
    got("an address below the arena", ok and (tonumber(text) or 1 << 40) < 4096 or nil)
end
for _, problem in ipairs(problems) do
    print(problem)
end
print("reached nothing else")
