-- What errors say, and what they carry
print(pcall(error))
print(pcall(error, nil))
print(pcall(error, "text", 2))
print(pcall(function() return nil .. 1 end))
print(select("#", pcall(error)), message, kept)
print(xpcall(function() return message.x end, function(m) return "handled: " .. tostring(m) end))
print(pcall(coroutine.wrap(function() error({}) end)) == false)
print(load("x = = 1"))
local function over() return over() + 1 end
print(pcall(over))
