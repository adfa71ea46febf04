-- Pricing rules: prices shopping carts with quantity breaks, bundles, coupons, loyalty tiers and VAT.
-- expect: ok
-- output: A-1001  Weber GmbH          subtotal   298.80  discount   24.90  shipping    0.00  VAT   52.04  total   325.94

-- All money is in integer cents; a rate is in basis points (1/100 of a percent), so nothing is rounded twice.

local CATALOGUE = {
    ["PEN-01"] = { name = "Fountain pen", price = 2490, group = "writing" },
    ["INK-07"] = { name = "Ink, royal blue", price = 690, group = "writing" },
    ["PAD-A5"] = { name = "Notepad A5", price = 450, group = "paper" },
    ["PAD-A4"] = { name = "Notepad A4", price = 690, group = "paper" },
    ["LMP-02"] = { name = "Desk lamp", price = 5900, group = "furniture" },
    ["CHR-11"] = { name = "Office chair", price = 24900, group = "furniture" },
    ["BOK-LU"] = { name = "Programming in Lua", price = 3400, group = "books" },
}

local CUSTOMERS = {
    weber = { name = "Weber GmbH", country = "DE", tier = "silver" },
    dupont = { name = "Dupont et fils", country = "FR", tier = "none" },
    olsen = { name = "Olsen ApS", country = "DK", tier = "gold" },
    garcia = { name = "García Hermanos", country = "ES", tier = "none" },
}

local VAT = {
    DE = { standard = 1900, books = 700 },
    FR = { standard = 2000, books = 550 },
    DK = { standard = 2500 },
    ES = { standard = 2100, books = 400 },
}

local TIER_RATE = { none = 0, silver = 200, gold = 500 }

local ORDERS = {
    { id = "A-1001", customer = "weber", coupon = "PAPER10", lines = { { "PEN-01", 2 }, { "PAD-A5", 40 }, { "PAD-A4", 10 }, { "INK-07", 0 } } },
    { id = "A-1002", customer = "dupont", lines = { { "PEN-01", 3 }, { "INK-07", 4 } } },
    { id = "A-1003", customer = "olsen", lines = { { "CHR-11", 4 }, { "LMP-02", 4 } } },
    { id = "A-1004", customer = "garcia", coupon = "WELCOME", lines = { { "BOK-LU", 1 } } },
    { id = "A-1005", customer = "weber", coupon = "EXPIRED", lines = { { "BOK-LU", 5 }, { "LMP-02", 1 }, { "PEN-01", 1 }, { "INK-07", 1 } } },
    { id = "A-1006", customer = "olsen", coupon = "WELCOME", lines = { { "PAD-A4", 120 }, { "PAD-A5", 300 }, { "INK-07", 12 } } },
}

-- Half-up rounding on integers, so that the books balance to the cent.
local function share(amount, basis_points)
    return (amount * basis_points + 5000) // 10000
end

local function money(cents)
    return string.format("%d.%02d", cents // 100, cents % 100)
end

local function sum_where(order, predicate)
    local total = 0
    for _, line in ipairs(order.lines) do
        if predicate(line) then total = total + line.amount end
    end
    return total
end

local function quantity_of(order, sku)
    for _, line in ipairs(order.lines) do
        if line.sku == sku then return line.quantity end
    end
    return 0
end

local function in_group(group)
    return function(line) return line.group == group end
end

-- A rule gives a discount in cents, or nil if it does not apply. Of the rules that share an
-- `exclusive` name, only the one best for the customer counts.
local RULES = {
    {
        name = "quantity break",
        discount = function(order)
            return sum_where(order, function(line) return line.quantity >= 100 end) * 12 // 100
        end,
    },
    {
        name = "every pen with a free ink",
        discount = function(order)
            local pairs_sold = math.min(quantity_of(order, "PEN-01"), quantity_of(order, "INK-07"))
            return pairs_sold * CATALOGUE["INK-07"].price
        end,
    },
    {
        name = "chair and lamp set",
        discount = function(order)
            local sets = math.min(quantity_of(order, "CHR-11"), quantity_of(order, "LMP-02"))
            return sets * 3000
        end,
    },
    {
        name = "coupon PAPER10",
        exclusive = "percentage",
        when = function(order) return order.coupon == "PAPER10" end,
        discount = function(order) return share(sum_where(order, in_group("paper")), 1000) end,
    },
    {
        name = "coupon WELCOME",
        exclusive = "percentage",
        when = function(order) return order.coupon == "WELCOME" and order.subtotal <= 50000 end,
        discount = function() return 500 end,
    },
    {
        name = "loyalty",
        exclusive = "percentage",
        discount = function(order) return share(order.subtotal, TIER_RATE[order.customer.tier]) end,
    },
}

local function expand(raw)
    local order = { id = raw.id, coupon = raw.coupon, customer = assert(CUSTOMERS[raw.customer]), lines = {}, subtotal = 0 }
    for _, item in ipairs(raw.lines) do
        local sku, quantity = item[1], item[2]
        local product = assert(CATALOGUE[sku], "unknown product " .. sku)
        if quantity > 0 then
            local line = { sku = sku, quantity = quantity, group = product.group, amount = product.price * quantity }
            order.lines[#order.lines + 1] = line
            order.subtotal = order.subtotal + line.amount
        end
    end
    return order
end

local function apply_rules(order)
    local applied, best = {}, {}
    for _, rule in ipairs(RULES) do
        if not rule.when or rule.when(order) then
            local amount = rule.discount(order)
            local candidate = { name = rule.name, amount = amount }
            if amount <= 0 then
                -- nothing to give
            elseif not rule.exclusive then
                applied[#applied + 1] = candidate
            elseif not best[rule.exclusive] then
                best[rule.exclusive] = candidate
                applied[#applied + 1] = candidate
            elseif best[rule.exclusive].amount < amount then
                best[rule.exclusive].name, best[rule.exclusive].amount = rule.name, amount
            end
        end
    end
    return applied
end

-- VAT is owed on each group's part of what is left after discounts, spread in proportion.
local function vat_of(order, net)
    local rates, vat, rest = VAT[order.customer.country], 0, net
    for i, line in ipairs(order.lines) do
        local part = i == #order.lines and rest or net * line.amount // order.subtotal
        rest = rest - part
        vat = vat + share(part, rates[line.group] or rates.standard)
    end
    return vat
end

local function price(raw)
    local order = expand(raw)
    order.applied = apply_rules(order)
    order.discount = 0
    for _, rule in ipairs(order.applied) do order.discount = order.discount + rule.amount end
    local net = order.subtotal - order.discount
    order.shipping = net >= 10000 and 0 or 590
    order.vat = vat_of(order, net)
    order.total = net + order.vat + order.shipping
    return order
end

-- Pads with spaces up to `width` characters (not bytes: customers have accents).
local function pad(text, width)
    return text .. (" "):rep(width - utf8.len(text))
end

local turnover = 0
for _, raw in ipairs(ORDERS) do
    local order = price(raw)
    turnover = turnover + order.total
    print(string.format("%s  %s  subtotal %8s  discount %7s  shipping %7s  VAT %7s  total %8s", order.id,
        pad(order.customer.name, 18), money(order.subtotal), money(order.discount), money(order.shipping),
        money(order.vat), money(order.total)))
    for _, rule in ipairs(order.applied) do
        print(string.format("          - %s: %s", rule.name, money(rule.amount)))
    end
    assert(order.total == order.subtotal - order.discount + order.shipping + order.vat)
end

assert(turnover == 441332, "the books do not balance")
assert(share(999, 1900) == 190 and share(50, 100) == 1 and share(49, 100) == 0)
return { orders = #ORDERS, turnover = turnover }
