-- Spectral norm: power iteration with a matrix that is computed on the fly (floats, calls).
-- usage: spectral-norm.lua [n = 400]

local n = tonumber(... or 400)

local function element(i, j)
    local k = i + j
    return 1.0 / (k * (k + 1) * 0.5 + i + 1)
end

local function times(x, y)
    for i = 0, n - 1 do
        local sum = 0.0
        for j = 0, n - 1 do sum = sum + x[j] * element(i, j) end
        y[i] = sum
    end
end

local function times_transposed(x, y)
    for i = 0, n - 1 do
        local sum = 0.0
        for j = 0, n - 1 do sum = sum + x[j] * element(j, i) end
        y[i] = sum
    end
end

local u, v, w = {}, {}, {}
for i = 0, n - 1 do u[i] = 1.0 end
for _ = 1, 10 do
    times(u, w)
    times_transposed(w, v)
    times(v, w)
    times_transposed(w, u)
end
local uv, vv = 0.0, 0.0
for i = 0, n - 1 do
    uv, vv = uv + u[i] * v[i], vv + v[i] * v[i]
end
print(("spectral-norm %d: %.9f"):format(n, math.sqrt(uv / vv)))
