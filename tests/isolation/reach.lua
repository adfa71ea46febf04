-- Walks from every value that a script has to every value that can be got from it, by keys, values, metatables,
-- results and iterators, and at level none by the debug library: each function of C that it meets must be one of the
-- names it was given (arguments), or one of those that the names give out and that are nothing more than they.
local names = { ... }
local allowed, tables, problems = {}, {}, {}

local function lookup(name)
    local library, field = name:match("^(.-)%.?([^.]+)$")
    local from = library == "" and _G or _G[library]
    return from and rawget(from, field)
end
for _, name in ipairs(names) do
    local value = lookup(name)
    if value ~= nil then
        allowed[value] = name
    end
end
local libraries = { _G = _G }
for _, name in ipairs(names) do
    local library = name:match("^(.-)%.")
    if library and _G[library] then
        libraries[library] = _G[library]
    end
end
for name, library in pairs(libraries) do
    allowed[library] = name
end

-- What the names give out beside themselves: iterators, and functions made for one call.
local function give_out(value, name)
    if type(value) == "function" or type(value) == "table" or type(value) == "userdata" then
        allowed[value] = allowed[value] or name
    end
end
give_out((ipairs({})), "the iterator of ipairs")
give_out((utf8.codes("x")), "the iterator of utf8.codes")

if debug then -- elsewhere this metatable is locked
    for name, method in pairs(getmetatable("")) do
        give_out(method, "a string's " .. name)
    end
    give_out(getmetatable(""), "the metatable of strings")
end
if io then
    local handles = getmetatable(io.stdin)
    give_out(handles, "the metatable of file handles")
    give_out(handles.__index, "the methods of file handles")
    for _, from in ipairs({ handles, handles.__index }) do
        for name, method in pairs(from) do
            give_out(method, "a file handle's " .. name)
        end
    end
    for i, searcher in ipairs(package.searchers) do
        give_out(searcher, "searcher " .. i)
    end
end

local seen, todo = {}, {}
local function visit(value, path)
    local kind = type(value)
    if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" or seen[value] then
        return
    end
    seen[value] = true
    todo[#todo + 1] = { value, path }
end

-- Functions and tables of this script's own.
mine = {}
local function own(value)
    if value ~= nil then
        mine[value] = true
    end
end
for _, value in pairs({ names, allowed, problems, libraries, lookup, give_out, seen, todo, visit, own, mine, tables }) do
    own(value)
end

local function check(value, path)
    local kind = type(value)
    if mine[value] or allowed[value] then
        return
    end
    problems[#problems + 1] = path .. ": " .. kind .. " " .. tostring(value)
end

local function walk_table(value, path)
    local key, item = next(value)
    while key ~= nil do
        visit(key, path .. "<key>")
        visit(item, path .. "." .. tostring(key))
        key, item = next(value, key)
    end
end

local function walk_by_debug(value, path)
    visit(debug.getmetatable(value), path .. "<metatable>")
    if type(value) == "function" then
        for i = 1, 255 do
            local name, up = debug.getupvalue(value, i)
            if not name then
                break
            end
            if i == 1 and allowed[value] and type(up) == "function" then
                give_out(up, "Lua's own, which " .. allowed[value] .. " stands in for")
            end
            visit(up, path .. "<upvalue " .. i .. ">")
        end
    elseif type(value) == "userdata" then
        for i = 1, 3 do
            visit((debug.getuservalue(value, i)), path .. "<user value>")
        end
    end
end

-- What the language itself leads to, from any value.
local function walk_by_language(value, path)
    local metatable = getmetatable(value)
    visit(metatable, path .. "<metatable>")
    if type(value) == "table" then
        walk_table(value, path)
    end
end

for _, value in ipairs({ check, walk_table, walk_by_debug, walk_by_language }) do
    mine[value] = true
end

visit(_G, "_G")
visit(_ENV, "_ENV")
visit((coroutine.running()), "running")
visit(getmetatable(""), "strings")
for _, value in ipairs({ 1, true, print, coroutine.create(print) }) do
    visit(getmetatable(value), "metatable of a " .. type(value))
end
for _, name in ipairs(names) do
    local ok, module = pcall(require, name)
    if ok then
        visit(module, "require " .. name)
    end
end
for _, name in ipairs({ "_G", "package", "string", "table", "math", "coroutine", "utf8", "os", "io", "debug" }) do
    local ok, module = pcall(require, name)
    if ok then
        visit(module, "require " .. name)
    end
end
visit(select(2, pcall(error, nil)), "error of nothing")
visit(select(2, pcall(function() local x = nil; return x.y end)), "error of Lua")
visit((pairs({})), "pairs")
visit(select(3, pairs({})), "pairs' control")
visit((ipairs({})), "ipairs")
visit((utf8.codes("")), "utf8.codes")
visit(load("return _ENV")(), "load's environment")
visit(os.date("*t", 0), "os.date")
visit(table.pack(), "table.pack")

-- The main coroutine, and what was made for this walk.
local running = coroutine.running()
own(running)
while #todo > 0 do
    local value, path = todo[#todo][1], todo[#todo][2]
    todo[#todo] = nil
    if not mine[value] then
        local kind = type(value)
        if kind == "function" then
            check(value, path)
        elseif kind == "userdata" or kind == "thread" then
            if not debug then
                check(value, path)
            end
        elseif kind == "table" and not debug and not allowed[value] and path ~= "os.date" and path ~= "table.pack" then
            check(value, path)
        end
        if debug then
            if kind == "table" then
                walk_table(value, path)
            end
            if kind ~= "function" or not mine[value] then
                walk_by_debug(value, path)
            end
        else
            walk_by_language(value, path)
        end
    end
end
table.sort(problems)
for _, problem in ipairs(problems) do
    print(problem)
end
print("reached nothing else")
