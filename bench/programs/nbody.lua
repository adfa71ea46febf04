-- N-body: the Sun and four planets under gravity (floats, field access).
-- usage: nbody.lua [steps = 100000]

local steps = tonumber(... or 100000)
local sqrt = math.sqrt
local DAYS, SUN = 365.24, 4 * math.pi * math.pi

local function body(x, y, z, vx, vy, vz, mass)
    return { x = x, y = y, z = z, vx = vx * DAYS, vy = vy * DAYS, vz = vz * DAYS, mass = mass * SUN }
end

local bodies = {
    body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    body(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
        1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04),
    body(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
        -2.76742510726411021e-03, 4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04),
    body(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
        2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05),
    body(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
        2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05),
}

local function settle()
    local px, py, pz = 0.0, 0.0, 0.0
    for _, b in ipairs(bodies) do
        px, py, pz = px + b.vx * b.mass, py + b.vy * b.mass, pz + b.vz * b.mass
    end
    bodies[1].vx, bodies[1].vy, bodies[1].vz = -px / SUN, -py / SUN, -pz / SUN
end

local function energy()
    local e = 0.0
    for i, a in ipairs(bodies) do
        e = e + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
        for j = i + 1, #bodies do
            local b = bodies[j]
            local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            e = e - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
        end
    end
    return e
end

local function advance(dt)
    local n = #bodies
    for i = 1, n do
        local a = bodies[i]
        local ax, ay, az, mass = a.x, a.y, a.z, a.mass
        local vx, vy, vz = a.vx, a.vy, a.vz
        for j = i + 1, n do
            local b = bodies[j]
            local dx, dy, dz = ax - b.x, ay - b.y, az - b.z
            local square = dx * dx + dy * dy + dz * dz
            local pull = dt / (square * sqrt(square))
            local to_a, to_b = b.mass * pull, mass * pull
            vx, vy, vz = vx - dx * to_a, vy - dy * to_a, vz - dz * to_a
            b.vx, b.vy, b.vz = b.vx + dx * to_b, b.vy + dy * to_b, b.vz + dz * to_b
        end
        a.vx, a.vy, a.vz = vx, vy, vz
        a.x, a.y, a.z = ax + dt * vx, ay + dt * vy, az + dt * vz
    end
end

settle()
local before = energy()
for _ = 1, steps do advance(0.01) end
print(("nbody %d: %.9f %.9f"):format(steps, before, energy()))
