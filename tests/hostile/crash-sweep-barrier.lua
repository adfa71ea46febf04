-- Values are stored into old objects, upvalues and metatables while a sweep is under way (CVE-2020-24371 and CVE-2020-15889, 5.4.0)
-- expect: ok|memory_limit
-- defect: sweep-barrier
-- time: 10000 ms
local old, setters = {}, {}
for i = 1, 2000 do
    old[i] = {}
    local up
    setters[i] = function(v) if v then up = v end return up end
end
for round = 1, 40 do
    for i = 1, #old do
        old[i].value = { round, i }
        setmetatable(old[i], { round = round })
        setters[i]({ round, i })
    end
    for i = 1, #old do
        local value, up = old[i].value, setters[i]()
        if value[1] ~= round or value[2] ~= i or up[1] ~= round or up[2] ~= i or getmetatable(old[i]).round ~= round then
            return "ESCAPED: a value was lost"
        end
    end
end
return "HELD"
