-- levels: none restricted strict(coroutine,xpcall,string.gsub)
-- releases: below 5.4.8
-- What these releases do unsafely is refused: closing a coroutine that is suspended after an xpcall, and long chains.
local check = require "check"

local co = coroutine.create(function() xpcall(coroutine.yield, print) end)
coroutine.resume(co)
local ok, message = pcall(coroutine.close, co)
check.is("after xpcall", ok, type(message) == "string" and message:gsub(" %(.*", "") or message)
check.is("it is as it was", coroutine.status(co))
co = coroutine.create(function() pcall(coroutine.yield) end)
coroutine.resume(co)
check.is("after pcall", coroutine.close(co))
