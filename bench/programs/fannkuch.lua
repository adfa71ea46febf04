-- Fannkuch: flips the heads of all permutations, counts the most flips (array access, integers).
-- usage: fannkuch.lua [n = 9]

local n = tonumber(... or 9)

local function fannkuch(size)
    local p, q, count = {}, {}, {}
    for i = 1, size do p[i], q[i], count[i] = i, i, i end
    local sign, most, checksum = 1, 0, 0
    while true do
        local head = p[1]
        if head ~= 1 then
            for i = 2, size do q[i] = p[i] end
            local flips = 1
            while true do
                local next_head = q[head]
                if next_head == 1 then break end
                q[head] = head
                if head > 3 then
                    local i, j = 2, head - 1
                    repeat
                        q[i], q[j] = q[j], q[i]
                        i, j = i + 1, j - 1
                    until i >= j
                end
                head, flips = next_head, flips + 1
            end
            if flips > most then most = flips end
            checksum = checksum + sign * flips
        end
        -- The next permutation, by rotating ever longer prefixes.
        if sign == 1 then
            p[1], p[2] = p[2], p[1]
            sign = -1
        else
            p[2], p[3] = p[3], p[2]
            sign = 1
            for i = 3, size do
                if count[i] ~= 1 then
                    count[i] = count[i] - 1
                    break
                end
                if i == size then return checksum, most end
                count[i] = i
                local first = p[1]
                for j = 1, i do p[j] = p[j + 1] end
                p[i + 1] = first
            end
        end
    end
end

print(("fannkuch %d: checksum %d, %d flips"):format(n, fannkuch(n)))
