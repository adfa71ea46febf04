-- levels: restricted strict(math.random,math.randomseed)
-- Without arguments the system's randomness seeds, not the time and an address, which two calls have in common.
local check = require "check"

local seen, different = {}, 0
for _ = 1, 20 do
    math.randomseed()
    local number = math.random(0)
    different = different + (seen[number] and 0 or 1)
    seen[number] = true
end
check.is("each seed is another", different > 10)
