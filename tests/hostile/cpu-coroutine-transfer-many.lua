-- Half a million values through resume and yield, back and forth
-- expect: time_limit
local co = coroutine.wrap(function(...) local function pass(...) return pass(coroutine.yield(...)) end pass(...) end)
local function go(...) return go(co(...)) end
go(table.unpack({}, 1, 200000))
