-- Integers and their bits: a generator of random numbers, checksums, population counts, greatest common divisors, powers modulo
-- a prime, calendars.

local state = 88172645463325252
local function random()
    state = state ~ (state << 13)
    state = state ~ (state >> 7)
    state = state ~ (state << 17)
    return state
end

local function adler(text)
    local a, b = 1, 0
    for i = 1, #text do
        a = (a + text:byte(i)) % 65521
        b = (b + a) % 65521
    end
    return b << 16 | a
end

local crc_table = {}
for i = 0, 255 do
    local c = i
    for _ = 1, 8 do c = c & 1 == 1 and 0xedb88320 ~ (c >> 1) or c >> 1 end
    crc_table[i] = c
end
local function crc(text)
    local c = 0xffffffff
    for i = 1, #text do c = crc_table[(c ~ text:byte(i)) & 0xff] ~ (c >> 8) end
    return c ~ 0xffffffff
end

local function ones(x)
    local count = 0
    while x ~= 0 do
        x = x & (x - 1)
        count = count + 1
    end
    return count
end

local function gcd(a, b)
    while b ~= 0 do a, b = b, a % b end
    return a
end

local function power(base, exponent, modulus)
    local result = 1
    base = base % modulus
    while exponent > 0 do
        if exponent & 1 == 1 then result = result * base % modulus end
        base = base * base % modulus
        exponent = exponent >> 1
    end
    return result
end

local function days(year, month, day)
    if month <= 2 then year, month = year - 1, month + 12 end
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
end

assert(adler("Wikipedia") == 0x11e60398 and crc("123456789") == 0xcbf43926)
local text = ("when in the course of human events "):rep(600)
assert(adler(text) ~= crc(text))
local bits, shared = 0, 0
for i = 1, 15000 do
    local x = random()
    bits = bits + ones(x)
    shared = shared + gcd(x & 0xffff, i)
end
assert(bits > 15000 * 31 and bits < 15000 * 33 and shared > 15000)
for base = 2, 1500 do assert(power(base, 1000002, 1000003) == 1) end
local before = days(1900, 1, 1)
for year = 1900, 2099 do
    for month = 1, 12 do
        for day = 1, 28 do
            local now = days(year, month, day)
            assert(now >= before)
            before = now
        end
    end
end
