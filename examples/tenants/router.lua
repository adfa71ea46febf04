-- URL router: parameters, wildcards, methods and query strings; a request log is routed to handlers.
-- expect: ok
-- output: GET     /                                        200 home

-- Routes live in a tree of path segments: a literal segment wins over `:param`, that over `*rest`.

local function new_router() return { root = { literal = {} } } end

local function add(router, method, pattern, handler)
    local node, names = router.root, {}
    for segment in pattern:gmatch("[^/]+") do
        local mark, name = segment:match("^([:*])(%w+)$")
        if mark then
            names[#names + 1] = name
            local kind = mark == ":" and "param" or "rest"
            node[kind] = node[kind] or { literal = {} }
            node = node[kind]
        else
            node.literal[segment] = node.literal[segment] or { literal = {} }
            node = node.literal[segment]
        end
    end
    node.methods = node.methods or {}
    assert(not node.methods[method], "two handlers for " .. method .. " " .. pattern)
    node.methods[method] = { handler = handler, names = names }
end

local function unescape(text)
    return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Depth first, so that a literal that leads nowhere falls back to a parameter.
local function find(node, segments, i, values)
    local segment = segments[i]
    if not segment then return node.methods and node end
    local literal = node.literal[segment]
    local found = literal and find(literal, segments, i + 1, values)
    if found then return found end
    if node.param then
        values[#values + 1] = unescape(segment)
        found = find(node.param, segments, i + 1, values)
        if found then return found end
        values[#values] = nil
    end
    if node.rest and node.rest.methods then
        values[#values + 1] = unescape(table.concat(segments, "/", i))
        return node.rest
    end
end

local function parse_query(text)
    local query = {}
    for key, value in (text or ""):gmatch("([^&=]+)=?([^&]*)") do
        key, value = unescape(key), unescape(value)
        local list = query[key]
        if list == nil then
            query[key] = value
        elseif type(list) == "table" then
            list[#list + 1] = value
        else
            query[key] = { list, value }
        end
    end
    return query
end

local function dispatch(router, method, url)
    local path, query = url:match("^([^?#]*)%??([^#]*)")
    local segments, values = {}, {}
    for segment in path:gmatch("[^/]+") do segments[#segments + 1] = segment end
    local node = find(router.root, segments, 1, values)
    if not node then return 404, "not found" end
    local route = node.methods[method]
    if not route then
        local allowed = {}
        for name in pairs(node.methods) do allowed[#allowed + 1] = name end
        table.sort(allowed)
        return 405, "allow " .. table.concat(allowed, ", ")
    end
    local params = {}
    for i, name in ipairs(route.names) do params[name] = values[i] end
    local ok, status, body = pcall(route.handler, params, parse_query(query))
    if not ok then return 500, tostring(status):gsub("^[^:]+:%d+: ", "") end
    return status, body
end

local router = new_router()
local users = { ["7"] = "Ada", ["12"] = "Grace" }

add(router, "GET", "/", function() return 200, "home" end)
add(router, "GET", "/users", function(_, query)
    return 200, ("users page %s, sorted by %s"):format(query.page or "1", query.sort or "name")
end)
add(router, "POST", "/users", function() return 201, "created" end)
add(router, "GET", "/users/me", function() return 200, "you" end)
add(router, "GET", "/users/:id", function(params)
    local name = users[params.id]
    if not name then return 404, "no user " .. params.id end
    return 200, name
end)
add(router, "DELETE", "/users/:id", function() return 202, "to be deleted" end)
add(router, "GET", "/users/:id/posts/:slug", function(p) return 200, p.slug .. " by " .. assert(users[p.id], "no author " .. p.id) end)
add(router, "GET", "/users/me/settings", function() return 200, "your settings" end)
add(router, "GET", "/search", function(_, query)
    local tags = type(query.tag) == "table" and table.concat(query.tag, "+") or query.tag or "-"
    return 200, ("q=%s tags=%s"):format(query.q, tags)
end)
add(router, "GET", "/files/*path", function(params) return 200, "file " .. params.path end)

local LOG = [[
GET / 200 home
GET /users 200 users page 1, sorted by name
GET /users/?page=3&sort=age 200 users page 3, sorted by age
POST /users 201 created
PUT /users 405 allow GET, POST
GET /users/me 200 you
GET /users/7 200 Ada
GET /users/8 404 no user 8
DELETE /users/7 202 to be deleted
GET /users/me/settings 200 your settings
GET /users/12/posts/on%20compilers 200 on compilers by Grace
GET /users/99/posts/x 500 no author 99
GET /users/me/posts/hello 500 no author me
GET /search?q=lua+arena&tag=c&tag=vm&tag=sandbox 200 q=lua arena tags=c+vm+sandbox
GET /search?q=100%25&x#frag 200 q=100% tags=-
GET /files/docs/2024/report%20final.pdf 200 file docs/2024/report final.pdf
GET /files 404 not found
HEAD /nowhere 404 not found
]]

local counts = {}
for method, url, expected, text in LOG:gmatch("(%u+) (%S+) (%d+) ([^\n]*)") do
    local status, body = dispatch(router, method, url)
    print(("%-7s %-40s %d %s"):format(method, url, status, body))
    assert(status == tonumber(expected) and body == text, url .. ": " .. body)
    counts[status] = (counts[status] or 0) + 1
end
assert(counts[200] == 10 and counts[404] == 3 and counts[500] == 2 and counts[405] == 1)
local ok, err = pcall(add, router, "GET", "/users/:name", print)
assert(not ok and err:find("two handlers for GET /users/:name", 1, true))
return counts[200]
