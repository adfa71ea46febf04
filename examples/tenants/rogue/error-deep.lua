-- Runtime error: a nil field, five calls deep; the trace must name each function and line.
-- expect: runtime_error
-- output: invoice 1: 30

local function unit_price(product)
    return product.price.amount
end

local function line_total(line)
    local amount = unit_price(line.product)
    return amount * line.quantity
end

local function invoice_total(invoice)
    local total = 0
    for _, line in ipairs(invoice.lines) do
        local sum = line_total(line)
        total = total + sum
    end
    return total
end

local function report(invoices)
    for i, invoice in ipairs(invoices) do
        local total = invoice_total(invoice)
        print(("invoice %d: %d"):format(i, total))
    end
end

local pen = { name = "pen", price = { amount = 10 } }
local gift = { name = "gift" }
report { { lines = { { product = pen, quantity = 3 } } }, { lines = { { product = gift, quantity = 1 } } } }
print("never reached")
