-- Mandelbrot: escape times on a grid, packed into a bitmap (floats, tight loops).
-- usage: mandelbrot.lua [size = 600]

local size = tonumber(... or 600)
local LIMIT = 50

local function escape_time(cr, ci)
    local zr, zi, r2, i2 = 0.0, 0.0, 0.0, 0.0
    for k = 1, LIMIT do
        zi = 2.0 * zr * zi + ci
        zr = r2 - i2 + cr
        r2, i2 = zr * zr, zi * zi
        if r2 + i2 > 4.0 then return k end
    end
    return 0
end

local rows, inside, sum = {}, 0, 0
for y = 0, size - 1 do
    local ci, bits, count, row = 2.0 * y / size - 1.0, 0, 0, {}
    for x = 0, size - 1 do
        local k = escape_time(2.0 * x / size - 1.5, ci)
        if k == 0 then inside = inside + 1 end
        sum = sum + k
        bits, count = bits << 1 | (k == 0 and 1 or 0), count + 1
        if count == 8 then
            row[#row + 1] = string.char(bits)
            bits, count = 0, 0
        end
    end
    if count > 0 then row[#row + 1] = string.char(bits << (8 - count)) end
    rows[#rows + 1] = table.concat(row)
end
local bitmap, checksum = table.concat(rows), 0
for i = 1, #bitmap do checksum = (checksum * 31 + bitmap:byte(i)) % 1000000007 end
print(("mandelbrot %d: %d inside, %d steps, bitmap %d"):format(size, inside, sum, checksum))
