-- levels: none restricted strict(error)
local check = require "check"

-- a short comment
check.is("a short one", 1) -- behind code
--[[ a long
one ]]
check.is("a long one", --[[ here ]] 2)
--[==[ with ]] and ]=] in it
]==]
check.is("a long one of level 2", --[=[]]]=] 3)
--[ not long
check.is("one bracket", 4)
--[=not long
check.is("one bracket and an equals sign", 5)
---[[ three signs
check.is("three signs", 6)
--]]
--[[
check.is("not run", 7)
--]]
check.is("line numbers go on", {select(2, pcall(error, "x", 1))}, select(2, pcall(function() error("here") end)))
check.each {
    "1 -- the end",
    "1 --[[ the end ]]",
    "1 --[[ no end",
    "1 --[==[ no end ]] ]=]",
    "1 --",
    "1 --[",
    "1 --[=",
    "1 - --[[x]] -2",
    "1 --[[x]]--[[y]] + 2",
}
check.is("nothing but a comment", pcall(load("-- nothing")))
check.is("a comment at the end of a text", load("return 8 --")())
check.is("a long comment's lines count", load("--[[\n\n\n]] error('here')", "=chunk") and select(2, pcall(load("--[[\n\n\n]] error('here')", "=chunk"))))
