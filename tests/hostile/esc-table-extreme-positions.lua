-- The table library at the ends of what an integer can count, where sums wrap around
-- expect: ok
local most, least = math.maxinteger, math.mininteger
local function raises(what, f, ...)
    local ok, message = pcall(f, ...)
    if ok or not message:find(what, 1, true) then error("ESCAPED: " .. tostring(message), 0) end
end
local t = setmetatable({}, { __len = function() return most end })
raises("too many elements", table.move, {}, 0, most, 2)
raises("wrap around", table.move, {}, 1, most, 2)
raises("wrap around", table.move, {}, least + 1, -1, most - 5)
raises("too many elements", table.move, {}, least, -1, 1)
raises("too many results", table.unpack, {}, least, most)
raises("too many results", table.unpack, {}, 1, most)
raises("too many results", table.unpack, {}, -1000000, 1000000)
raises("array too big", table.sort, t)
raises("position out of bounds", table.insert, setmetatable({}, { __len = function() return 3 end }), 5, 1)
raises("position out of bounds", table.insert, {}, least, 1)
raises("invalid value", table.concat, {}, "", most - 1, most)
raises("position out of bounds", table.remove, {}, most)
if table.move({ [most] = "a" }, most, most, least)[least] ~= "a" then return "ESCAPED: moved across" end
if table.unpack({ [most] = "b" }, most, most) ~= "b" then return "ESCAPED: unpack of the last" end
if table.concat({ [most] = "c", [most - 1] = "b" }, ",", most - 1, most) ~= "b,c" then return "ESCAPED: concat of the last" end
table.insert(t, "wraps")
if rawget(t, least) ~= "wraps" then return "ESCAPED: insert behind the last" end
if table.remove(setmetatable({ [most] = 1 }, { __len = function() return most end })) ~= 1 then return "ESCAPED: remove of the last" end
local odd = {}
for _, key in ipairs({ most, least, 2^53, -2^53, 2^63, -2^63, 0.5, -0.0, 1 / 0, -1 / 0, most - 1, 1 << 62, "1", 5e-324 }) do odd[key] = key end
local count = 0
for key, value in pairs(odd) do
    count = count + 1
    if key ~= value then return "ESCAPED: a key is another" end
end
-- -2^63 is least, as an integer; 2^63 is no integer
if count ~= 13 or odd[0] ~= 0 or odd[2^63] ~= 2^63 or odd[least] ~= least or #odd ~= 0 then return "ESCAPED: " .. count .. " keys" end
for _, bad in ipairs({ 0 / 0, -(0 / 0) }) do
    raises("index is NaN", function() odd[bad] = 1 end)
    if odd[bad] ~= nil or pcall(next, odd, bad) then return "ESCAPED: NaN" end
end
raises("invalid key to 'next'", next, odd, "no such key")
return "HELD"
