-- Puts functions of its own in place of the library's, and keeps the library's as their upvalues
local message = "was here"
for _, library in pairs({ _G, string, table, math, coroutine, utf8, os, require("string") }) do
    for name, value in pairs(library) do
        if type(value) == "function" then
            library[name] = function(...) return message, value(...) end
        end
    end
end
