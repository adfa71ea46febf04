-- require in the message handler of a require that was given no name: whoever walks the calls meets what is no string
-- expect: ok
local function again(message)
    local _, inner = pcall(require, "no such module")
    return tostring(message) .. tostring(inner)
end
for _, given in ipairs({ {}, print, true, coroutine.create(print), 1.5, "x\0y", "" }) do
    local ok, said = xpcall(require, again, given)
    if ok or type(said) ~= "string" then return "ESCAPED: require loaded what is no module" end
end
local ok = xpcall(require, again)
local nested = select(2, xpcall(require, function() return select(2, xpcall(require, again, {})) end, {}))
return not ok and nested:find("no such module", 1, true) and "HELD" or "ESCAPED: " .. tostring(nested)
