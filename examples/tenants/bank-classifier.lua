-- Bank statement: parses a month of transactions, classifies them by ordered rules, finds standing orders, sums up.
-- expect: ok
-- output: category              count       amount   share of spending

local STATEMENT = [[
2024-02-28 | SALARY 02/24 HALVORSEN SHIPPING AS            |  3.412,50
2024-03-01 | DD RENT MARCH PROPERTY MGMT KAISERSTR 12       | -1.150,00
2024-03-01 | STADTWERKE ABSCHLAG STROM 4711                 |    -78,00
2024-03-02 | CARD 4412 REWE SAGT DANKE 4411//HAMBURG        |    -54,87
2024-03-03 | CARD 4412 DB VERTRIEB GMBH TICKET 7XK2         |    -39,90
2024-03-04 | SEPA SPOTIFY AB STOCKHOLM P2F2                 |    -10,99
2024-03-05 | CARD 4412 EDEKA NORD 2213                      |    -23,15
2024-03-05 | PAYPAL *STEAM GAMES 4029357733                 |    -29,99
2024-03-07 | ATM 00231 ALTONA                               |   -100,00
2024-03-08 | CARD 4412 APOTHEKE AM MARKT                    |    -12,45
2024-03-09 | CARD 4412 REWE SAGT DANKE 4411//HAMBURG        |    -61,02
2024-03-11 | REFUND ZALANDO SE ORDER 10103                  |     49,95
2024-03-12 | CARD 4412 SHELL 1402 HAMBURG                   |    -71,30
2024-03-13 | TRANSFER J. OKAFOR "PIZZA MONDAY"              |     18,50
2024-03-14 | SEPA HUK-COBURG VERSICHERUNG KFZ               |   -212,40
2024-03-15 | CARD 4412 EDEKA NORD 2213                      |    -44,60
2024-03-16 | CARD 4412 CINEMAXX DAMMTOR                     |    -27,00
2024-03-18 | FOREIGN FEE 1.75% USD                          |     -0,88
2024-03-18 | CARD 4412 O'REILLY MEDIA SEBASTOPOL US         |    -50,21
2024-03-20 | CARD 4412 REWE SAGT DANKE 4411//HAMBURG        |    -38,44
2024-03-22 | TRANSFER SAVINGS PLAN                          |   -400,00
2024-03-25 | CARD 4412 TRATTORIA DA ENZO                    |    -46,80
2024-03-28 | SALARY 03/24 HALVORSEN SHIPPING AS             |  3.412,50
2024-04-01 | DD RENT APRIL PROPERTY MGMT KAISERSTR 12       | -1.150,00
2024-04-02 | STADTWERKE ABSCHLAG STROM 4711                 |    -78,00
2024-04-04 | SEPA SPOTIFY AB STOCKHOLM P2F2                 |    -10,99
2024-04-05 | CARD 4412 XQ-77 UNLABELLED MERCHANT            |    -13,37
]]

-- The first rule that matches wins. A word is matched as a whole; `sign` restricts to money in (+) or out (-).
local RULES = {
    { category = "income", sign = "+", words = { "SALARY", "PENSION" } },
    { category = "refunds", sign = "+", words = { "REFUND" } },
    { category = "friends", sign = "+", words = { "TRANSFER" } },
    { category = "savings", sign = "-", words = { "SAVINGS", "DEPOT" } },
    { category = "housing", words = { "RENT", "STADTWERKE", "STROM" } },
    { category = "groceries", words = { "REWE", "EDEKA", "ALDI", "LIDL" } },
    { category = "transport", words = { "DB", "SHELL", "ARAL", "HVV" } },
    { category = "insurance", words = { "VERSICHERUNG", "INSURANCE" } },
    { category = "leisure", words = { "SPOTIFY", "STEAM", "CINEMAXX", "TRATTORIA" } },
    { category = "health", words = { "APOTHEKE", "DR" } },
    { category = "books", pattern = "O'REILLY" },
    { category = "cash", pattern = "^ATM %d+" },
    { category = "fees", pattern = "%f[%a]FEE%f[%A]" },
}

-- "-1.150,00" is -115000 cents.
local function cents(text)
    local sign, whole, rest = text:match("^(%-?)([%d.]+),(%d%d)$")
    local amount = tonumber((whole:gsub("%.", ""))) * 100 + tonumber(rest)
    return sign == "-" and -amount or amount
end

local function euro(amount)
    local whole = tostring(math.abs(amount) // 100):reverse():gsub("(%d%d%d)", "%1."):reverse():gsub("^%.", "")
    return ("%s%s,%02d"):format(amount < 0 and "-" or "", whole, math.abs(amount) % 100)
end

local function parse(text)
    local list = {}
    for line in text:gmatch("[^\n]+") do
        local y, m, d, what, amount = line:match("^(%d+)-(%d+)-(%d+) | (.-)%s*|%s*(%S+)$")
        assert(y, "not a transaction: " .. line)
        list[#list + 1] = { month = y .. "-" .. m, day = tonumber(d), text = what, amount = cents(amount) }
    end
    return list
end

-- Words are looked up, patterns searched; the words of each rule become one set.
for _, rule in ipairs(RULES) do
    rule.set = {}
    for _, word in ipairs(rule.words or {}) do rule.set[word] = true end
end

local function matches(rule, transaction)
    if rule.sign == "+" and transaction.amount < 0 or rule.sign == "-" and transaction.amount > 0 then return false end
    if rule.pattern then return transaction.text:find(rule.pattern) ~= nil end
    for word in transaction.text:gmatch("%a+") do
        if rule.set[word] then return true end
    end
    return false
end

local function classify(transaction)
    for _, rule in ipairs(RULES) do
        if matches(rule, transaction) then return rule.category end
    end
    return "other"
end

-- A standing order has the same text, but for months and numbers, and the same amount in two months.
local function standing_orders(list)
    local seen, found, reported = {}, {}, {}
    for _, t in ipairs(list) do
        local key = t.text:gsub("%d+/%d+", "#"):gsub("MARCH", "#"):gsub("APRIL", "#") .. t.amount
        local first = seen[key]
        if not first then
            seen[key] = t
        elseif first.month ~= t.month and not reported[key] then
            reported[key] = true
            found[#found + 1] = first
        end
    end
    return found
end

local transactions = parse(... or STATEMENT)
local totals, order, spent, balance = {}, {}, 0, 0
for _, t in ipairs(transactions) do
    local category = classify(t)
    local total = totals[category]
    if not total then
        total = { category = category, count = 0, amount = 0 }
        totals[category], order[#order + 1] = total, total
    end
    total.count, total.amount = total.count + 1, total.amount + t.amount
    balance = balance + t.amount
    if t.amount < 0 then spent = spent - t.amount end
end
table.sort(order, function(a, b) return a.amount < b.amount end)

print(("%-20s %6s %12s   %s"):format("category", "count", "amount", "share of spending"))
for _, total in ipairs(order) do
    local share = total.amount < 0 and ("%5.1f %%"):format(-100 * total.amount / spent) or ""
    print((("%-20s %6d %12s   %s"):format(total.category, total.count, euro(total.amount), share):gsub("%s+$", "")))
end
for _, t in ipairs(standing_orders(transactions)) do print(("monthly: %s (%s)"):format(t.text, euro(t.amount))) end
print("balance " .. euro(balance))

assert(#transactions == 27 and totals.other.count == 1 and totals.groceries.amount == -22208)
assert(totals.housing.amount == -245600 and totals.leisure.count == 5 and balance == 318909)
assert(#standing_orders(transactions) == 4)
assert(euro(-123456789) == "-1.234.567,89" and euro(5) == "0,05" and euro(100000) == "1.000,00")
assert(cents("-1.150,00") == -115000 and cents("0,05") == 5)
return balance
