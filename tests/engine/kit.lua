-- What generated programs call; preloaded as module "kit". SORTED is set by another module where the order of pairs() is
-- not the same in every context (each builds its own state, with its own seed for the hashes of strings).

local K = {}
local names = setmetatable({}, { __mode = "k" })
local serial = 0

-- Gives an object a name of its own, by which show() calls it. No address is ever shown.
function K.name(object, prefix)
    serial = serial + 1
    names[object] = (prefix or type(object)) .. serial
    return object
end

function K.show(value)
    if type(value) == "string" then
        return #value <= 60 and ("%q"):format(value) or ("%q..%d"):format(value:sub(1, 40), #value)
    end
    if math.type(value) == "float" then return ("%.17g"):format(value) end
    if type(value) == "number" or type(value) == "boolean" or value == nil then return tostring(value) end
    return names[value] or type(value)
end

function K.say(...)
    local list = table.pack(...)
    for i = 1, list.n do list[i] = K.show(list[i]) end
    print(table.concat(list, " ", 1, list.n))
end

-- The keys of a table, in the order of pairs().
function K.order(t)
    local list = {}
    for k in pairs(t) do list[#list + 1] = K.show(k) end
    if SORTED then table.sort(list) end
    print("order", #list, table.concat(list, " "))
end

-- A number that depends on the order of pairs() and on the values.
function K.fold(t)
    local sum = 0
    for _, v in pairs(t) do
        local x = math.tointeger(v) or #K.show(v)
        sum = SORTED and sum + x or sum * 31 + x
    end
    return sum
end

-- A full collection; two, for what the first had marked before it became garbage. Without Lua's own function, garbage is
-- made until what nobody holds is gone.
local function ask()
    for _ = 1, 2 do collectgarbage() end
end
local function force()
    for _ = 1, 2 do
        local witness, made = setmetatable({ {} }, { __mode = "v" }), 0
        while witness[1] do
            made = made + 1
            local garbage = { { made }, ("x"):rep(200 + made % 7), function() return made end }
            if made > 1000000 then error("nothing is ever collected: " .. #garbage) end
        end
    end
end
K.collect = debug and ask or force

return K
