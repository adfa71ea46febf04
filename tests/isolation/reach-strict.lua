-- The only argument at level strict is "print", and print is all there is. (That strings have no methods either
-- would be an error here: the runner sees to it.)
local names = { ... }
local problems = 0
local function problem(what)
    problems = problems + 1
    print(what)
end
if names[1] ~= "print" or names[2] ~= nil then
    problem("the level has more names than print")
end
local absent = { "_G", "_VERSION", "assert", "collectgarbage", "dofile", "error", "getmetatable", "ipairs", "load", "loadfile",
    "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "tonumber",
    "tostring", "type", "warn", "xpcall", "string", "table", "math", "os", "io", "debug", "package", "coroutine", "utf8", "arg" }
for i = 1, #absent do
    if _ENV[absent[i]] ~= nil then
        problem(absent[i])
    end
end
if problems == 0 then
    print("reached nothing else")
end
