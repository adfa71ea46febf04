-- Template renderer: compiles {{ expressions }}, {% statements %} and filters to Lua, and renders an order mail.
-- expect: ok
-- output: Dear Countess Ada &lt;Enchantress of Number&gt; Lovelace,

-- Each template becomes one Lua function through `load`, with an environment that holds the data and
-- the filters and nothing else. Syntax: {{ value | filter | filter: arg }}, {% any Lua statement %},
-- {# comment #}, and {%- … -%} to eat the white space around a tag.

local filters = {}

function filters.escape(value)
    return (tostring(value):gsub("[&<>\"']", {
        ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;",
    }))
end

function filters.upper(value) return tostring(value):upper() end
function filters.money(cents, currency) return ("%s %d.%02d"):format(currency or "EUR", cents // 100, cents % 100) end
function filters.default(value, fallback) return value == nil and fallback or value end
function filters.truncate(value, length)
    return #value <= length and value or value:sub(1, length - 1) .. "…"
end
function filters.join(list, separator) return table.concat(list, separator) end
function filters.pad(value, width) return value .. (" "):rep(width - utf8.len(value)) end

-- "a | f | g: 1, 2" becomes "filters.g(filters.f((a)), 1, 2)"; everything is escaped but `| raw`.
local function compile_expression(source)
    local expression, raw = nil, false
    for part in (source .. "|"):gmatch("%s*(.-)%s*|") do
        if not expression then
            expression = "(" .. part .. ")"
        elseif part == "raw" then
            raw = true
        else
            local name, arguments = part:match("^([%a_]+)%s*:%s*(.+)$")
            name = name or part
            assert(filters[name], "unknown filter '" .. name .. "'")
            expression = ("filters.%s(%s%s)"):format(name, expression, arguments and ", " .. arguments or "")
        end
    end
    return raw and expression or "filters.escape(" .. expression .. ")"
end

local function compile(source, name)
    local code = { "local emit = ..." }
    local function add(...) code[#code + 1] = string.format(...) end
    local position = 1
    while true do
        local start, stop, kind, dash, body = source:find("{([{%%#])(%-?)%s*(.-)%s*%-?[}%%#]}", position)
        local text = source:sub(position, (start or 0) - 1)
        if start and dash == "-" then text = text:gsub("%s+$", "") end
        if text ~= "" then add("emit(%q)", text) end
        if not start then break end
        if kind == "{" then
            add("emit(%s)", compile_expression(body))
        elseif kind == "%" then
            add("%s", body)
        end
        position = stop + 1
        if source:sub(stop - 2, stop - 2) == "-" then position = source:match("^%s*()", position) end
    end
    local chunk = table.concat(code, "\n")
    return function(data)
        local out = {}
        local scope = setmetatable({ filters = filters, ipairs = ipairs, pairs = pairs }, { __index = data })
        local render = assert(load(chunk, "=" .. (name or "template"), "t", scope))
        render(function(piece) out[#out + 1] = tostring(piece) end)
        return table.concat(out)
    end
end

local MAIL = [[
Dear {{ customer.title }} {{ customer.name }},

thank you for your order {{ order.id | upper }}.
{#- the table of items -#}
{%- for i, item in ipairs(order.items) do %}
 {{ i }}. {{ item.name | truncate: 24 | pad: 26 }} {{ item.quantity }} × {{ item.price | money }}
{%- if item.note then %}
    Note: "{{ item.note | raw }}"
{%- end -%}
{%- end %}

Total: {{ order.total | money: "EUR" }}
{% if order.total > 10000 then %}You have earned free shipping!
{% else %}Shipping: {{ order.shipping | money }}
{% end -%}
Tags: {{ order.tags | join: ", " }}
{% local function badge(text) -%}
<b class="badge">{{ text }}</b>
{%- end -%}
{% badge("new & shiny") badge("<script>") %}
{{ order.comment | default: "(no comment)" }}
]]

local data = {
    customer = { title = "Countess", name = "Ada <Enchantress of Number> Lovelace" },
    order = {
        id = "ord-1843/g", total = 18150, shipping = 590, tags = { "engine", "notes" },
        items = {
            { name = "Analytical engine, brass, hand-made", quantity = 1, price = 15000, note = "handle with care" },
            { name = "Punched cards", quantity = 9, price = 350 },
        },
    },
}

local mail = compile(MAIL, "mail")(data)
print(mail)

assert(mail:find(" 1. Analytical engine, bras…   1 × EUR", 1, true))
assert(mail:find("EUR 181.50", 1, true) and mail:find("free shipping", 1, true))
assert(mail:find('<b class="badge">&lt;script&gt;</b>', 1, true))
assert(mail:find("(no comment)", 1, true))

-- Small templates, compiled once and rendered for every row.
local row = compile("{% for _, n in ipairs(list) do %}{{ n * n }};{% end %}")
assert(row { list = { 1, 2, 3 } } == "1;4;9;")
local card = compile("<li>{{ name }}: {{ score | money: 'USD' }}</li>")
local cards = {}
for i = 1, 40 do cards[i] = card { name = "Player #" .. i, score = i * 1111 } end
assert(cards[40] == "<li>Player #40: USD 444.40</li>")

-- A template sees its data and filters only, and a wrong one says where it is wrong.
local ok, err = pcall(compile("{{ print('hi') }}", "evil"), {})
assert(not ok and err:find("^evil:2:"), err)
ok, err = pcall(compile, "{{ x | nosuch }}")
assert(not ok and err:find("unknown filter 'nosuch'", 1, true))
return #mail
