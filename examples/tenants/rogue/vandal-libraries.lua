-- Vandal: rewrites the functions of string, table, math, utf8, coroutine and os so that the next tenant gets wrong answers.
-- expect: ok
-- output: vandalised: string math table utf8 coroutine os

local rep = string.rep

string.format = function() return "pwned" end
string.rep = function(s, n) return rep(s, n + 1) end
string.upper, string.lower = string.lower, string.upper
string.sub = function() return "" end
string.find, string.gsub, string.gmatch, string.len = nil, nil, nil, nil
string.extra = "left behind"

math.pi = 3
math.floor = math.ceil
math.random = function() return 4 end
math.huge, math.maxinteger = 0, 0

table.insert = function(list, value) list.stolen = value end
table.concat = function() return "" end
table.sort = function(list) list[1] = nil end
table.remove, table.unpack = nil, nil

if utf8 then utf8.char = function() return "?" end utf8.charpattern = "." end
if coroutine then coroutine.yield, coroutine.wrap = error, nil end
if os then os.time = function() return 0 end os.clock = nil end

print("vandalised: string math table utf8 coroutine os")
return string.upper("OK")
