-- Every statement and expression at the last registers of a function, and the one after: right results or a syntax error
-- expect: ok
-- time: 20000 ms
local STATEMENTS = {
    "return (%s)", "local z = {%s} return z[1]", "local r for i = %s, %s do r = i end return r",
    "local r for k, v in next, {%s} do r = v end return r", "local r for a, b, c, d in next, {%s}, nil, nil, %s do r = b end return r",
    "local a, b, c = %s, %s, %s return b", "local a, b = (function(...) return ... end)(%s, %s) return b",
    "local function f(a, b, c) return c end return f(%s, %s, %s)", "return ('x' .. %s .. 'y' .. %s):sub(2, 2) + 0",
    "local t = {m = function(self, a, b) return b end} return t:m(%s, %s)", "return %s + %s * %s - %s",
    "local c <close> = nil return %s", "local r repeat local q = %s r = q until q return r", "return select(2, %s, %s, %s)",
    "local t = {} t[%s], t[2] = %s, %s return t[7]", "goto on do local skipped = %s end ::on:: return %s",
    "local t = {{%s}, {%s}} return t[2][1]", "return (function() return %s end)()", "return %s == %s and %s or nil",
}
local function arguments(text) return (text:gsub("%%s", "v")) end
local ran, refused = 0, 0
for _, statement in ipairs(STATEMENTS) do
    for locals = 180, 201 do
        local names = {}
        for i = 1, locals do names[i] = "l" .. i end
        local text = "local v, next, select = ...\nlocal " .. table.concat(names, ",") .. " = 1\n"
        -- temporaries above the locals, as many as are left
        for _, above in ipairs({ 0, 30, 45, 48, 49, 50, 51, 52, 53, 54, 55, 60 }) do
            local body = arguments(statement)
            if above > 0 then
                body = "return (function(...) return (select('#', ...)) end)(" .. ("v,"):rep(above) .. "((function(...) local v, next, select = v, next, select " .. body .. " end)()))"
            end
            local made, message = load(text .. body)
            if made then
                local ok, r = pcall(made, 7, next, select)
                ran = ran + 1
                if above == 0 and not (ok and r == 7) and not (statement:find("%+ %%s") and r == 7 + 49 - 7) then
                    return "ESCAPED: " .. statement .. " with " .. locals .. " locals: " .. tostring(r)
                elseif above > 0 and ok and r ~= above + 1 then
                    return "ESCAPED: a call with " .. above .. " arguments: " .. tostring(r)
                end
            else
                refused = refused + 1
                if not message:find("registers", 1, true) and not message:find("local variables", 1, true) then return "ESCAPED: " .. message end
            end
        end
    end
end
return ran > 100 and refused > 100 and "HELD" or "ESCAPED: " .. ran .. " ran, " .. refused .. " were refused"
