-- Times before and after all years, and every conversion there is and is not: an answer or an error, at once
-- expect: ok
-- time: 20000 ms
local TIMES = { 0, -1, 2^31, -2^31, 2^53, -2^53, 67767976233532799, 67767976233532800, -67768040609740800, -67768040609740801, math.maxinteger,
    math.mininteger }
for _, time in ipairs(TIMES) do
    for byte = 0, 255 do
        for _, format in ipairs({ "%" .. string.char(byte), "!%E" .. string.char(byte), "%O" .. string.char(byte), string.char(byte), "!" .. string.char(byte):rep(300) }) do
            local ok, text = pcall(os.date, format, math.tointeger(time))
            if ok and type(text) ~= "string" then return "ESCAPED: " .. format end
        end
    end
    local ok, t = pcall(os.date, "*t", math.tointeger(time))
    if ok then
        local back = pcall(os.time, t)
    end
end
local FIELDS = { "year", "month", "day", "hour", "min", "sec" }
for _, field in ipairs(FIELDS) do
    for _, value in ipairs({ 2^31, -2^31, 2^31 - 1, 2^53, math.maxinteger, math.mininteger, 1e308, 0 / 0, 1.5, "7", "x", {}, true }) do
        local t = { year = 2000, month = 1, day = 1, isdst = value }
        t[field] = value
        local ok, time = pcall(os.time, t)
        if ok and math.type(time) ~= "integer" then return "ESCAPED: " .. field end
    end
end
for _, odd in ipairs({ "%", "%E", "%O", "*t ", "!*t!", "*", "%\0", "!%\0" }) do pcall(os.date, odd) pcall(os.date, odd:rep(400)) end
local asked = setmetatable({}, { __index = function(_, k) return k == "isdst" and nil or 1 end, __newindex = function() error("stop") end })
if pcall(os.time, asked) then return "ESCAPED: it was not written back" end
return "HELD"
