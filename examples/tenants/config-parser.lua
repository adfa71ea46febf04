-- Config parser: INI/TOML-like text with sections, typed values, arrays, multi-line strings, interpolation and defaults.
-- expect: ok
-- output: [gateway] listen=0.0.0.0:8443 timeout=30.0 tls=true

local CONFIG = [=[
# The gateway's configuration
name = "gateway-${env}"          # interpolated
env = "staging"

[gateway]
listen   = "0.0.0.0:8443"
timeout  = 30.0
tls      = true
workers  = 0x10
max_body = 2_097_152
banner   = """
Welcome to ${name},
\tplease behave.\u00A0☺
"""

[gateway.limits]
rate   = 1e3
bursts = [10, 20, 40]
paths  = [
    "/login",      # brute force
    "/api/**",
]

[upstream.eu]
hosts  = ["eu-1.internal", "eu-2.internal"]
weight = 70
window = { from = "08:00", to = "18:30", days = [1, 2, 3, 4, 5] }

[upstream.us]
hosts  = ["us-1.internal"]
weight = 30
motto  = 'raw \n ${text}'

[[rule]]
match = "*.png"
cache = 86400

[[rule]]
match = "/api/**"
cache = 0
]=]

local Parser = {}
Parser.__index = Parser

local ESCAPES = { n = "\n", t = "\t", r = "\r", ['"'] = '"', ["\\"] = "\\", b = "\b", f = "\f" }

function Parser.new(text) return setmetatable({ text = text, at = 1, root = {} }, Parser) end

function Parser:fail(message)
    local _, line = self.text:sub(1, self.at - 1):gsub("\n", "")
    error(("line %d: %s"):format(line + 1, message), 0)
end

-- Takes what the pattern matches at the current place; the pattern's captures, or the whole match.
function Parser:take(pattern)
    local start, stop, first, second = self.text:find("^" .. pattern, self.at)
    if not start then return nil end
    self.at = stop + 1
    return first or self.text:sub(start, stop), second
end

function Parser:space() self:take("[ \t]*") end

function Parser:lines()
    repeat
        local before = self.at
        self:take("[ \t\r\n]*")
        self:take("#[^\n]*")
    until self.at == before
end

function Parser:unescape(text)
    text = text:gsub("\\u(%x%x%x%x)", function(hex) return utf8.char(tonumber(hex, 16)) end)
    return (text:gsub("\\(.)", function(c) return ESCAPES[c] or self:fail("unknown escape \\" .. c) end))
end

function Parser:string()
    if self:take('"""\n?') then
        local body = self:take('(.-)"""') or self:fail("unfinished multi-line string")
        return { interpolate = self:unescape(body) }
    end
    if self:take("'") then return self:take("([^'\n]*)'") or self:fail("unfinished string") end
    self:take('"')
    local start = self.at
    while true do
        self:take('[^"\\\n]*')
        if self:take("\\.") == nil then break end
    end
    local body = self.text:sub(start, self.at - 1)
    if not self:take('"') then self:fail("unfinished string") end
    return { interpolate = self:unescape(body) }
end

function Parser:number()
    local word = self:take("[%w_.+-]+")
    local plain = word and word:gsub("(%x)_(%x)", "%1%2"):gsub("(%x)_(%x)", "%1%2")
    return plain and tonumber(plain) or self:fail("a value expected" .. (word and ", not " .. word or ""))
end

function Parser:array()
    local list = {}
    self:take("%[")
    self:lines()
    while not self:take("%]") do
        list[#list + 1] = self:value()
        self:lines()
        if not self:take(",") and not self.text:find("^%]", self.at) then self:fail("',' or ']' expected") end
        self:lines()
    end
    return list
end

function Parser:inline_table()
    local map = {}
    self:take("{%s*")
    while not self:take("}") do
        self:pair(map)
        if not self:take("%s*,%s*") and not self:take("%s*%f[}]") then self:fail("',' or '}' expected") end
    end
    return map
end

function Parser:value()
    local c = self.text:sub(self.at, self.at)
    if c == '"' or c == "'" then return self:string() end
    if c == "[" then return self:array() end
    if c == "{" then return self:inline_table() end
    if self:take("true%f[%W]") then return true end
    if self:take("false%f[%W]") then return false end
    return self:number()
end

function Parser:pair(section)
    local key = self:take("[%w_-]+") or self:fail("a name expected")
    self:space()
    if not self:take("=") then self:fail("'=' expected after " .. key) end
    if section[key] ~= nil then self:fail(key .. " is set twice") end
    self:space()
    section[key] = self:value()
end

function Parser:section(path)
    local section = self.root
    for name in path:gmatch("[^.]+") do
        section[name] = section[name] or {}
        section = section[name]
    end
    return section
end

function Parser:parse()
    local section = self.root
    self:lines()
    while self.at <= #self.text do
        local list = self:take("%[%[%s*([%w_.-]+)%s*%]%]")
        local path = not list and self:take("%[%s*([%w_.-]+)%s*%]")
        if list then
            local all = self:section(list)
            section = {}
            all[#all + 1] = section
        elseif path then
            section = self:section(path)
        else
            self:pair(section)
        end
        self:space()
        self:take("#[^\n]*")
        if self.at <= #self.text and not self:take("\r?\n") then self:fail("end of line expected") end
        self:lines()
    end
    return self.root
end

-- Replaces ${name} by the root's value of that name, until nothing is left to replace; a circle is an error.
local function interpolate(value, root, depth)
    if type(value) ~= "table" then return value end
    if not value.interpolate then
        for k, v in pairs(value) do value[k] = interpolate(v, root, depth) end
        return value
    end
    if depth > 8 then error("${...} refers to itself", 0) end
    return (value.interpolate:gsub("%${([%w_]+)}", function(name)
        local target = root[name]
        if target == nil then error("${" .. name .. "} is not set", 0) end
        return tostring(interpolate(target, root, depth + 1))
    end))
end

local function parse(text)
    local root = Parser.new(text):parse()
    return interpolate(root, root, 0)
end

local config = parse(... or CONFIG)
local gateway = config.gateway
print(("[gateway] listen=%s timeout=%s tls=%s"):format(gateway.listen, gateway.timeout, gateway.tls))
print(("[gateway] workers=%d max_body=%d rate=%g bursts=%s"):format(gateway.workers, gateway.max_body,
    gateway.limits.rate, table.concat(gateway.limits.bursts, "/")))
print(gateway.banner)
for _, region in ipairs { "eu", "us" } do
    local upstream = config.upstream[region]
    print(("upstream %s: %s at %d %%"):format(region, table.concat(upstream.hosts, ", "), upstream.weight))
end
for i, rule in ipairs(config.rule) do print(("rule %d: %s -> %d s"):format(i, rule.match, rule.cache)) end

assert(config.name == "gateway-staging" and math.type(gateway.workers) == "integer" and gateway.workers == 16)
assert(gateway.max_body == 2097152 and math.type(gateway.timeout) == "float" and gateway.tls == true)
assert(gateway.banner == "Welcome to gateway-staging,\n\tplease behave.\u{A0}☺\n")
assert(#gateway.limits.paths == 2 and config.upstream.eu.window.days[5] == 5 and config.upstream.us.motto == "raw \\n ${text}")

for text, message in pairs {
    ["a = 1\na = 2"] = "line 2: a is set twice",
    ['a = "x'] = "line 1: unfinished string",
    ["[s]\n\nb 3"] = "line 3: '=' expected after b",
    ["a = 1 2"] = "line 1: end of line expected",
    ["a = maybe"] = "line 1: a value expected, not maybe",
    ["a = [1, 2"] = "line 1: ',' or ']' expected",
    ['a = "${b}"\nb = "${a}"'] = "${...} refers to itself",
} do
    local ok, err = pcall(parse, text)
    assert(not ok and err == message, err)
end
return config.name
