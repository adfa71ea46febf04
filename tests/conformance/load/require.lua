-- levels: none restricted strict(_VERSION,_G,string,table,math,coroutine,utf8)
local check = require "check"

check.is("what is there already", require "string" == string, require "table" == table, require "math" == math, require "_G" == _G, require "check" == check, require("coroutine") == coroutine, require("utf8") == utf8)
check.is("a name that is a number", {pcall(require, {})}, {pcall(require)}, pcall(require, nil))
check.call("no name, on its line", function() require() end)
check.is("_VERSION and _G", _VERSION, _G._G == _G, type(_G), _G.check)
check.is("_G is the environment", _ENV == _G, (function() _G.made = 1; local v = made; made = nil; return v end)())
