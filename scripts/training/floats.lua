-- Floats: heat on a plate, a Fourier transform, an integral by Simpson's rule, roots by Newton's, a spring's motion, polynomials.

local function plate(size, rounds)
    local now, after = {}, {}
    for y = 1, size do
        now[y], after[y] = {}, {}
        for x = 1, size do now[y][x], after[y][x] = y == 1 and 100.0 or 0.0, y == 1 and 100.0 or 0.0 end
    end
    for _ = 1, rounds do
        for y = 2, size - 1 do
            local above, here, below, to = now[y - 1], now[y], now[y + 1], after[y]
            for x = 2, size - 1 do
                to[x] = 0.25 * (above[x] + below[x] + here[x - 1] + here[x + 1])
            end
        end
        now, after = after, now
    end
    return now[2][size // 2]
end

local function transform(re, im, sign)
    local n, j = #re, 1
    for i = 1, n do
        if i < j then re[i], re[j], im[i], im[j] = re[j], re[i], im[j], im[i] end
        local half = n // 2
        while half >= 1 and j > half do j, half = j - half, half // 2 end
        j = j + half
    end
    local span = 1
    while span < n do
        for k = 0, span - 1 do
            local angle = sign * math.pi * k / span
            local c, s = math.cos(angle), math.sin(angle)
            for a = k + 1, n, span * 2 do
                local b = a + span
                local x, y = re[b] * c - im[b] * s, re[b] * s + im[b] * c
                re[b], im[b] = re[a] - x, im[a] - y
                re[a], im[a] = re[a] + x, im[a] + y
            end
        end
        span = span * 2
    end
end

local function simpson(f, from, to, n)
    local h, sum = (to - from) / n, f(from) + f(to)
    for i = 1, n - 1 do sum = sum + (i % 2 == 0 and 2 or 4) * f(from + i * h) end
    return sum * h / 3
end

local function root(f, derivative, x)
    repeat
        local step = f(x) / derivative(x)
        x = x - step
    until math.abs(step) < 1e-12
    return x
end

local function spring(steps)
    local body = { position = 1.0, speed = 0.0, mass = 2.0 }
    local dt = 2 * math.pi / steps
    for _ = 1, steps do
        body.speed = body.speed - body.position * dt
        body.position = body.position + body.speed * dt
    end
    return body.position
end

local function horner(coefficients, x)
    local y = 0.0
    for i = #coefficients, 1, -1 do y = y * x + coefficients[i] end
    return y
end

assert(plate(50, 60) > 40)

local re, im = {}, {}
for i = 1, 4096 do re[i], im[i] = math.sin(i / 7), 0.0 end
transform(re, im, 1)
transform(re, im, -1)
assert(math.abs(re[100] / 4096 - math.sin(100 / 7)) < 1e-9)

assert(math.abs(simpson(function(x) return x ^ 3 - 2 * x + math.sqrt(x) end, 0, 4, 40000) - (64 - 16 + 16 / 3)) < 1e-4)
for k = 2, 400 do
    assert(math.abs(root(function(x) return x * x - k end, function(x) return 2 * x end, k) - k ^ 0.5) < 1e-9)
end
assert(math.abs(spring(100000) - 1) < 1e-3)

local sum, coefficients = 0, { 1.0, -2.0, 0.5, 3.25, -1.125 }
for i = 1, 30000 do sum = sum + horner(coefficients, i / 30000) end
assert(sum > 0)
