-- The words of "error in error handling" are wanted when there is no memory left, where nothing is protected
-- expect: ok
-- defect: errerr-unprotected
-- time: 20000 ms
local kept, ballast, hoard = "C stack overflow", {}, nil
while pcall(function() ballast[#ballast + 1] = ("x"):rep(1 << 20) .. #ballast end) do end
for _ = 1, 3 do ballast[#ballast] = nil end
local holes, stay = {}, {}
local function overflow(...) -- its arguments keep the stack large
    local tables = coroutine.create(function() while true do hoard = { hoard } end end)
    local strings = coroutine.create(function()
        local i = 0
        while true do
            i = i + 1
            hoard = { hoard, ("%023d"):format(i) }
        end
    end)
    -- what is let go of these has the size of what a call takes, and lies between others that stay
    for i = 1, 800 do holes[i], stay[i] = ("%039d"):format(i), ("%039d"):format(i + 1000) end
    coroutine.resume(strings)
    coroutine.resume(tables)
    for i = 1, 800 do holes[i] = false end
    return xpcall(error, error)
end
local ok, how, words = pcall(overflow, table.unpack({}, 1, 2000))
hoard, ballast = nil, nil
if not ok then return "ESCAPED: an error went past xpcall: " .. tostring(how) end
return not how and "HELD: " .. tostring(words) or "ESCAPED: no error at all"
