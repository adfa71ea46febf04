-- Queens: counts all ways to place n queens, once with tables and once with bits (recursion, table access, integers).
-- usage: queens.lua [n = 11]

local n = tonumber(... or 11)

local function with_tables(size)
    local columns, up, down, placed = {}, {}, {}, {}
    local solutions, checksum = 0, 0
    local function place(row)
        if row > size then
            solutions = solutions + 1
            checksum = (checksum * 31 + placed[1] * 8 + placed[size]) % 1000003
            return
        end
        for c = 1, size do
            if not columns[c] and not up[row + c] and not down[row - c + size] then
                columns[c], up[row + c], down[row - c + size] = true, true, true
                placed[row] = c
                place(row + 1)
                columns[c], up[row + c], down[row - c + size] = false, false, false
            end
        end
    end
    place(1)
    return solutions, checksum
end

local function with_bits(size)
    local all = (1 << size) - 1
    local function place(columns, up, down)
        if columns == all then return 1 end
        local count, free = 0, all & ~(columns | up | down)
        while free ~= 0 do
            local bit = free & -free
            free = free ~ bit
            count = count + place(columns | bit, (up | bit) << 1, (down | bit) >> 1)
        end
        return count
    end
    return place(0, 0, 0)
end

local solutions, checksum = with_tables(n)
local more = with_bits(n + 1)
print(("queens %d: %d solutions, checksum %d; %d with %d"):format(n, solutions, checksum, more, n + 1))
