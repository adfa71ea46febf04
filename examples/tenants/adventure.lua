-- Text adventure: one player's session; the state goes in, commands are carried out, the new state comes out as text.
-- expect: ok
-- output: You are in the Gatehouse.

-- The host stores a saved game between requests. Here the save is a short string of `key=value` fields,
-- the commands come as one text, and the answer is the transcript and the next save.

local ROOMS = {
    gatehouse = {
        title = "the Gatehouse", text = "Rain drums on the portcullis. An iron gate leads north.",
        exits = { east = "guardroom", north = "courtyard" }, locked = { north = "key" },
    },
    guardroom = { title = "the Guardroom", text = "A cold hearth and an empty bench.", exits = { west = "gatehouse", down = "cellar" } },
    cellar = { title = "the Cellar", text = "It smells of apples.", exits = { up = "guardroom" }, dark = true },
    courtyard = { title = "the Courtyard", text = "A well stands in the middle, the tower beyond.", exits = { south = "gatehouse", north = "tower" } },
    tower = { title = "the Tower", text = "The moon looks in through a narrow window.", exits = { south = "courtyard" } },
}

local ITEMS = {
    lantern = { text = "a brass lantern", start = "guardroom" },
    key = { text = "a heavy key", start = "cellar" },
    coin = { text = "a silver coin", start = "carried" },
    crown = { text = "a small golden crown", start = "tower" },
}
local ITEM_NAMES = { "coin", "crown", "key", "lantern" }

local SHORT = { n = "north", s = "south", e = "east", w = "west", u = "up", d = "down", i = "inventory", l = "look", x = "examine", get = "take" }
local DIRECTIONS = { north = true, south = true, east = true, west = true, up = true, down = true }

local function new_game()
    local state = { room = "gatehouse", lit = false, open = {}, where = {}, moves = 0, score = 0 }
    for name, item in pairs(ITEMS) do state.where[name] = item.start end
    return state
end

local function save(state)
    local fields = { "room=" .. state.room, "lit=" .. tostring(state.lit), "moves=" .. state.moves, "score=" .. state.score }
    for _, name in ipairs(ITEM_NAMES) do fields[#fields + 1] = "item." .. name .. "=" .. state.where[name] end
    if state.open.north then fields[#fields + 1] = "open.north=true" end
    return table.concat(fields, ";")
end

local function restore(text)
    local state = new_game()
    for key, value in text:gmatch("([%w.]+)=([%w]+)") do
        local item, direction = key:match("^item%.(%w+)$"), key:match("^open%.(%w+)$")
        if item and ITEMS[item] then
            state.where[item] = value
        elseif direction then
            state.open[direction] = true
        elseif key == "room" then
            state.room = ROOMS[value] and value or state.room
        elseif key == "lit" then
            state.lit = value == "true"
        else
            state[key] = tonumber(value)
        end
    end
    return state
end

local function is_dark(state)
    return ROOMS[state.room].dark and not (state.lit and state.where.lantern == "carried")
end

local function items_in(state, place)
    local list = {}
    for _, name in ipairs(ITEM_NAMES) do
        if state.where[name] == place then list[#list + 1] = ITEMS[name].text end
    end
    return list
end

local verbs = {}

function verbs.look(state)
    local room = ROOMS[state.room]
    if is_dark(state) then return "It is dark. You hear something move." end
    local text = "You are in " .. room.title .. ".\n" .. room.text
    local list = items_in(state, state.room)
    if #list > 0 then text = text .. " There is " .. table.concat(list, " and ") .. " here." end
    return text
end

function verbs.go(state, direction)
    local room = ROOMS[state.room]
    local target = room.exits[direction]
    if not target then return "You cannot go that way." end
    if room.locked and room.locked[direction] and not state.open[direction] then return "The gate is locked." end
    state.room = target
    return verbs.look(state)
end

function verbs.take(state, name)
    if is_dark(state) then return "You grope about and find nothing." end
    if state.where[name] ~= state.room then return "There is no " .. (name or "such thing") .. " here." end
    state.where[name] = "carried"
    if name == "crown" then state.score = state.score + 50 end
    return "Taken."
end

function verbs.drop(state, name)
    if state.where[name] ~= "carried" then return "You do not carry that." end
    if name == "coin" and state.room == "courtyard" then
        state.where.coin, state.score = "well", state.score + 10
        return "It falls into the well. A voice says: thank you."
    end
    state.where[name] = state.room
    return "Dropped."
end

function verbs.inventory(state)
    local list = items_in(state, "carried")
    return #list == 0 and "You carry nothing." or "You carry " .. table.concat(list, ", ") .. "."
end

function verbs.light(state, name)
    if name ~= "lantern" or state.where.lantern ~= "carried" then return "You have nothing to light." end
    state.lit = true
    return "The lantern glows. " .. (ROOMS[state.room].dark and verbs.look(state) or "")
end

function verbs.unlock(state, what)
    local room = ROOMS[state.room]
    if what ~= "gate" or not room.locked then return "There is nothing to unlock." end
    if state.where.key ~= "carried" then return "You have no key." end
    state.open.north = true
    return "The gate swings open."
end

local function step(state, command)
    local words = {}
    for word in command:lower():gmatch("%a+") do
        if word ~= "the" and word ~= "a" then words[#words + 1] = SHORT[word] or word end
    end
    local verb, object = words[1], words[2]
    if not verb then return "Pardon?" end
    if DIRECTIONS[verb] then verb, object = "go", verb end
    if not verbs[verb] then return "I do not know how to " .. verb .. "." end
    state.moves = state.moves + 1
    return verbs[verb](state, object)
end

local function session(saved, commands)
    local state, transcript = saved and restore(saved) or new_game(), {}
    for command in commands:gmatch("[^,\n]+") do
        transcript[#transcript + 1] = "> " .. command:match("^%s*(.-)%s*$")
        transcript[#transcript + 1] = step(state, command)
    end
    return save(state), transcript
end

print(verbs.look(new_game()))
local first, transcript = session(nil, "n, east, take lantern, d, take key, light the lantern, take the key, i")
print(table.concat(transcript, "\n"))
local second, more = session(first, "up, w, dance, unlock gate, n, drop coin, north, get crown, look")
print(table.concat(more, "\n"))
print(second)

assert(first == "room=cellar;lit=true;moves=8;score=0;item.coin=carried;item.crown=tower;item.key=carried;item.lantern=carried")
assert(transcript[2] == "The gate is locked." and transcript[10] == "You grope about and find nothing.")
assert(more[6] == "I do not know how to dance.")
assert(second:find("room=tower;", 1, true) and second:find("score=60", 1, true) and second:find("open.north=true", 1, true))
assert(save(restore(second)) == second, "a saved game reads back the same")
return second
