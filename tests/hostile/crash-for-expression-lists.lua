-- Loops and assignments with fewer and more expressions than they need, the last one a call or not, nothing read past them
-- expect: ok
local function none() end
local function many() return 10, 20, 30, 40, 50, 60 end
local function check(got, wanted, what)
    if got ~= wanted then error("ESCAPED: " .. what .. ": " .. tostring(got) .. " for " .. tostring(wanted), 0) end
end
local LAST = { ["nil"] = "", ["none()"] = "", ["many()"] = "10 20 30 40 50 60", ["..."] = "8 9", ["(many())"] = "10", ["7"] = "7" }
for last, values in pairs(LAST) do
    local given = {}
    for word in values:gmatch("%S+") do given[#given + 1] = tonumber(word) end
    for before = 0, 6 do
        for names = 1, 8 do
            local left, right, wanted = {}, {}, {}
            for i = 1, names do left[i] = "v" .. i end
            for i = 1, before do right[i], wanted[i] = tostring(i * 100), i * 100 end
            right[#right + 1] = last
            for i, value in ipairs(given) do wanted[before + i] = value end
            local list, text = table.concat(left, ","), table.concat(right, ",")
            for _, form in ipairs({ "local L = R", "local L L = R", "local L do L = R end" }) do
                local body = form:gsub("L", (list:gsub("%%", "%%%%"))):gsub("R", text)
                local f = assert(load("local none, many = ... return (function(...) " .. body .. " local tail = 1 return " .. list .. " end)(8, 9)"))
                local got = table.pack(f(none, many))
                for i = 1, names do check(got[i], wanted[i], body) end
            end
            -- a generic loop, with values behind the fourth
            local loop = "local none, many, step = ... return (function(...) local n = 0 for " .. list .. " in step, 5, 0, nil" ..
                (before > 0 and "," .. text or "") .. " do n = n + 1 end local tail = 3 return n + tail end)(8, 9)"
            check(assert(load(loop))(none, many, function(s, c) if c < s then return c + 1 end end), 8, loop)
        end
    end
end
local closed = 0
for i in function(_, c) if c < 3 then return c + 1 end end, nil, 0, setmetatable({}, { __close = function() closed = closed + 1 end }), 1, 2, 3 do
    if i == 2 then break end
end
check(closed, 1, "the fourth value")
check(select("#", pcall(load, "for i = 1, 2, 3, 4 do end")), 3, "four numbers")
check(pcall(load("for k in next, {}, nil, 5 do end")), false, "a fourth value that cannot be closed")
return "HELD"
