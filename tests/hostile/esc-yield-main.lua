-- Yield everything out of the main program by every route that C code leaves open
-- expect: ok
local ways = {
  function() coroutine.yield() end, function() table.sort({1, 2, 3}, coroutine.yield) end, function() string.gsub("x", "x", coroutine.yield) end,
  function() assert(load(coroutine.yield)) end, function() pcall(coroutine.yield) error("x") end, function() xpcall(coroutine.yield, print) error("x") end,
  function() for _ in coroutine.yield do end end, function() local x <close> = setmetatable({}, {__close = coroutine.yield}) error("x") end,
  function() return setmetatable({}, {__index = coroutine.yield}).x end, function() tostring(setmetatable({}, {__tostring = coroutine.yield})) end,
}
for i, way in ipairs(ways) do if pcall(way) then return "ESCAPED: way " .. i end end
return "HELD"
