-- CSV report: reads quoted CSV (commas, quotes and line breaks in fields), groups the sales, writes a table and CSV again.
-- expect: ok
-- output: region      orders   units     revenue   best product

local SALES = [[
order,date,region,product,units,unit price,note
1001,2024-01-03,North,"Kettle, steel",3,24.90,
1002,2024-01-03,South,"Teapot ""Mira""",1,39.00,"gift wrap,
red paper"
1003,2024-01-04,North,Mug,12,6.50,
1004,2024-01-05,West,"Kettle, steel",2,24.90,"said: ""ring twice"""
1005,2024-01-08,East,Mug,6,6.50,
1006,2024-01-09,South,"Kettle, steel",1,24.90,
1007,2024-01-09,West,Tray,4,14.25,""
1008,2024-01-10,North,"Teapot ""Mira""",2,39.00,
1009,2024-01-11,East,Tray,10,13.50,volume price
1010,2024-01-12,South,Mug,24,5.95,volume price
1011,2024-01-15,West,"Teapot ""Mira""",1,39.00,
1012,2024-01-15,North,Tray,1,14.25,"returned,
refund pending"
1013,2024-01-16,East,"Kettle, steel",5,23.90,
1014,2024-01-17,South,Tray,2,14.25,
1015,2024-01-18,North,Mug,6,6.50,
]]

-- Yields one record (a list of fields) at a time, after RFC 4180; reports the line of a broken one.
local function records(text)
    local position, line = 1, 1
    local function field()
        if text:sub(position, position) ~= '"' then
            local value, stop = text:match("^([^,\r\n]*)()", position)
            if value:find('"', 1, true) then error(("line %d: stray quote"):format(line), 0) end
            position = stop
            return value
        end
        local parts = {}
        repeat
            local part, stop = text:match('^"([^"]*)"()', position)
            if not part then error(("line %d: quote is never closed"):format(line), 0) end
            parts[#parts + 1] = part
            position = stop
        until text:sub(position, position) ~= '"'
        local value = table.concat(parts, '"')
        local _, breaks = value:gsub("\n", "")
        line = line + breaks
        return value
    end
    return function()
        if position > #text then return nil end
        local record = {}
        while true do
            record[#record + 1] = field()
            local separator = text:match("^[,\r\n]", position)
            if separator ~= "," then
                position = text:match("^\r?\n()", position) or position
                if not separator and position <= #text then
                    error(("line %d: text after a closing quote"):format(line), 0)
                end
                line = line + 1
                return record
            end
            position = position + 1
        end
    end
end

local function write_csv(rows)
    local lines = {}
    for i, row in ipairs(rows) do
        local cells = {}
        for j, value in ipairs(row) do
            value = tostring(value)
            cells[j] = value:find('[,"\r\n]') and '"' .. value:gsub('"', '""') .. '"' or value
        end
        lines[i] = table.concat(cells, ",")
    end
    return table.concat(lines, "\n") .. "\n"
end

local function read_table(text)
    local next_record = records(text)
    local header, rows = next_record(), {}
    for record in next_record do
        assert(#record == #header, "a record has " .. #record .. " fields, not " .. #header)
        local row = {}
        for i, name in ipairs(header) do row[name] = record[i] end
        rows[#rows + 1] = row
    end
    return rows, header
end

local function cents(text)
    local units, rest = text:match("^(%d+)%.(%d%d)$")
    return tonumber(units) * 100 + tonumber(rest)
end

local function group_by_region(rows)
    local groups, order = {}, {}
    for _, row in ipairs(rows) do
        local group = groups[row.region]
        if not group then
            group = { region = row.region, orders = 0, units = 0, revenue = 0, products = {} }
            groups[row.region] = group
            order[#order + 1] = group
        end
        local units = tonumber(row.units)
        local amount = units * cents(row["unit price"])
        group.orders = group.orders + 1
        group.units = group.units + units
        group.revenue = group.revenue + amount
        group.products[row.product] = (group.products[row.product] or 0) + amount
    end
    for _, group in ipairs(order) do
        for product, amount in pairs(group.products) do
            local best = group.products[group.best] or -1
            if amount > best or amount == best and product < group.best then group.best = product end
        end
    end
    table.sort(order, function(a, b) return a.revenue > b.revenue end)
    return order
end

local function decimal(amount) return ("%d.%02d"):format(amount // 100, amount % 100) end

local rows, header = read_table(... or SALES)
local groups = group_by_region(rows)
print(("%-10s %7s %7s %11s   %s"):format("region", "orders", "units", "revenue", "best product"))
local summary, revenue = { { "region", "revenue", "best" } }, 0
for _, g in ipairs(groups) do
    print(("%-10s %7d %7d %11s   %s"):format(g.region, g.orders, g.units, decimal(g.revenue), g.best))
    summary[#summary + 1] = { g.region, decimal(g.revenue), g.best }
    revenue = revenue + g.revenue
end
local csv = write_csv(summary)
print(csv)

assert(#rows == 15 and #header == 7)
assert(rows[2].product == 'Teapot "Mira"' and rows[2].note == "gift wrap,\nred paper" and rows[4].note == 'said: "ring twice"')
assert(revenue == 95845)

-- What was written reads back the same; what is broken is named.
local tricky = { summary[2], { "a,b", 'say "hi"', "two\nlines", "" }, { " plain ", "1", "x", "y" } }
local again = {}
for record in records(write_csv(tricky)) do again[#again + 1] = table.concat(record, "|") end
assert(again[1] == "East|293.50|Tray" and again[2] == 'a,b|say "hi"|two\nlines|' and again[3] == " plain |1|x|y")
for text, message in pairs { ['a\n"b'] = "line 2: quote is never closed", ['a"b'] = "line 1: stray quote", ['"a"b'] = "line 1: text after a closing quote" } do
    local ok, err = pcall(function() for _ in records(text) do end end)
    assert(not ok and err == message, err)
end
return revenue
