-- levels: restricted strict(load,string.rep,string.gsub)
-- releases: below 5.4.7
-- What the message of an error would follow too far is refused: more than 200 fields of fields in one expression.
local check = require "check"

local function compiles(count)
    local program, message = load("return x" .. (".a"):rep(count), "=chain")
    return program ~= nil, message and message:gsub(" in Lua .*", "")
end
check.is("200", compiles(200))
check.is("201", compiles(201))
check.is("in a string", (load("return '" .. (".a"):rep(300) .. "'")() == (".a"):rep(300)))
