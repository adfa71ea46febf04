-- Encodings: Base64, hexadecimal, CRC-32, SHA-256 and HMAC in plain integer operations; signs and checks a token.
-- expect: ok
-- output: sha256("abc") = ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

local base64 = {}
do
    local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    local digit, value = {}, {}
    for i = 0, 63 do
        local c = alphabet:sub(i + 1, i + 1)
        digit[i], value[c:byte()] = c, i
    end

    function base64.encode(data)
        local out = {}
        for i = 1, #data, 3 do
            local a, b, c = data:byte(i, i + 2)
            local bits = a << 16 | (b or 0) << 8 | (c or 0)
            out[#out + 1] = digit[bits >> 18] .. digit[bits >> 12 & 63] .. (b and digit[bits >> 6 & 63] or "=") .. (c and digit[bits & 63] or "=")
        end
        return table.concat(out)
    end

    function base64.decode(text)
        if #text % 4 ~= 0 or not text:find("^[%w+/]*=?=?$") then return nil, "not Base64" end
        local out = {}
        for i = 1, #text, 4 do
            local a, b, c, d = text:byte(i, i + 3)
            local bits = value[a] << 18 | value[b] << 12 | (value[c] or 0) << 6 | (value[d] or 0)
            local n = value[d] and 3 or value[c] and 2 or 1
            out[#out + 1] = string.char(bits >> 16, bits >> 8 & 255, bits & 255):sub(1, n)
        end
        return table.concat(out)
    end
end

local hex = {}
function hex.encode(data) return (data:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
function hex.decode(text) return (text:gsub("(%x%x)", function(h) return string.char(tonumber(h, 16)) end)) end

local crc_table = {}
for i = 0, 255 do
    local c = i
    for _ = 1, 8 do c = c & 1 == 1 and 0xEDB88320 ~ c >> 1 or c >> 1 end
    crc_table[i] = c
end

local function crc32(data)
    local c = 0xFFFFFFFF
    for i = 1, #data do c = crc_table[(c ~ data:byte(i)) & 255] ~ c >> 8 end
    return c ~ 0xFFFFFFFF
end

-- The constants of SHA-256 are the fractions of the roots of the first primes.
local K, H0 = {}, {}
do
    local n, primes = 2, {}
    while #primes < 64 do
        local prime = true
        for _, p in ipairs(primes) do
            if n % p == 0 then prime = false break end
        end
        if prime then primes[#primes + 1] = n end
        n = n + 1
    end
    -- The first 32 bits behind the point of the k-th root of p, by bisection.
    local function root_bits(p, k)
        local low, high = 0, 1 << 37
        while high - low > 1 do
            local middle = (low + high) // 2
            local x = middle / 4294967296.0
            if x ^ k <= p then low = middle else high = middle end
        end
        return low & 0xFFFFFFFF
    end
    for i, p in ipairs(primes) do
        K[i] = root_bits(p, 3)
        if i <= 8 then H0[i] = root_bits(p, 2) end
    end
end

local function rotate(x, n) return (x >> n | x << (32 - n)) & 0xFFFFFFFF end

local function sha256(message)
    local length = #message
    message = message .. "\x80" .. ("\0"):rep((55 - length) % 64) .. (">I8"):pack(length * 8)
    local h = table.move(H0, 1, 8, 1, {})
    local w = {}
    for chunk = 1, #message, 64 do
        for i = 1, 16 do w[i] = (">I4"):unpack(message, chunk + (i - 1) * 4) end
        for i = 17, 64 do
            local a, b = w[i - 15], w[i - 2]
            local s0 = rotate(a, 7) ~ rotate(a, 18) ~ a >> 3
            local s1 = rotate(b, 17) ~ rotate(b, 19) ~ b >> 10
            w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & 0xFFFFFFFF
        end
        local a, b, c, d, e, f, g, hh = table.unpack(h)
        for i = 1, 64 do
            local s1 = rotate(e, 6) ~ rotate(e, 11) ~ rotate(e, 25)
            local t1 = hh + s1 + (e & f ~ ~e & g) + K[i] + w[i]
            local s0 = rotate(a, 2) ~ rotate(a, 13) ~ rotate(a, 22)
            local t2 = s0 + (a & b ~ a & c ~ b & c)
            hh, g, f, e, d, c, b, a = g, f, e, (d + t1) & 0xFFFFFFFF, c, b, a, (t1 + t2) & 0xFFFFFFFF
        end
        for i, v in ipairs { a, b, c, d, e, f, g, hh } do h[i] = (h[i] + v) & 0xFFFFFFFF end
    end
    return (">I4I4I4I4I4I4I4I4"):pack(table.unpack(h))
end

local function hmac(key, message)
    if #key > 64 then key = sha256(key) end
    key = key .. ("\0"):rep(64 - #key)
    local function pad(byte) return (key:gsub(".", function(c) return string.char(c:byte() ~ byte) end)) end
    return sha256(pad(0x5c) .. sha256(pad(0x36) .. message))
end

-- A signed token: payload.signature, both in Base64.
local function sign(payload, secret) return base64.encode(payload) .. "." .. base64.encode(hmac(secret, payload)) end

local function verify(token, secret)
    local payload, signature = token:match("^([^.]+)%.([^.]+)$")
    payload, signature = base64.decode(payload), base64.decode(signature)
    if not payload or not signature then return nil, "malformed" end
    local wanted, difference = hmac(secret, payload), #signature ~ 32
    for i = 1, math.min(#signature, 32) do difference = difference | signature:byte(i) ~ wanted:byte(i) end
    if difference ~= 0 then return nil, "wrong signature" end
    return payload
end

print('sha256("abc") = ' .. hex.encode(sha256("abc")))
print(("crc32(\"123456789\") = %08x"):format(crc32("123456789")))
local token = sign('{"user":7,"rights":["read"]}', "s3cret")
print(token)

assert(hex.encode(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
assert(hex.encode(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
assert(hex.encode(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
assert(hex.encode(hmac("Jefe", "what do ya want for nothing?")) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
assert(crc32("123456789") == 0xCBF43926 and crc32("") == 0 and crc32("The quick brown fox jumps over the lazy dog") == 0x414FA339)
for i, pair in ipairs { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" }, { "\0\255\128", "AP+A" } } do
    assert(base64.encode(pair[1]) == pair[2] and base64.decode(pair[2]) == pair[1], i)
end
assert(not base64.decode("abc") and not base64.decode("a=bc") and hex.decode(hex.encode("\0é\n")) == "\0é\n")
assert(verify(token, "s3cret") == '{"user":7,"rights":["read"]}')
assert(select(2, verify(token, "guess")) == "wrong signature")
assert(select(2, verify(base64.encode('{"user":1}') .. token:match("%..*"), "s3cret")) == "wrong signature")
return token
