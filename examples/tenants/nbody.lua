-- N-body: the Sun and the outer planets as a leapfrog simulation; energy and momentum must stay what they were.
-- expect: ok
-- output: energy at start  -0.169075164

-- Units: astronomical units, years and solar masses, so that G = 4π². The start values are JPL's for J2000,
-- as in the well-known benchmark of the same name.

local SOLAR_MASS = 4 * math.pi ^ 2
local DAYS = 365.24

local function body(name, x, y, z, vx, vy, vz, mass)
    return { name = name, x = x, y = y, z = z, vx = vx * DAYS, vy = vy * DAYS, vz = vz * DAYS, mass = mass * SOLAR_MASS }
end

local bodies = {
    body("Sun", 0, 0, 0, 0, 0, 0, 1),
    body("Jupiter", 4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
        1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04),
    body("Saturn", 8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
        -2.76742510726411021e-03, 4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04),
    body("Uranus", 12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
        2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05),
    body("Neptune", 15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
        2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05),
}

local function momentum()
    local px, py, pz = 0, 0, 0
    for _, b in ipairs(bodies) do
        px, py, pz = px + b.vx * b.mass, py + b.vy * b.mass, pz + b.vz * b.mass
    end
    return px, py, pz
end

-- Gives the Sun the momentum that the planets lack, so that the whole stays in place.
local function settle()
    local px, py, pz = momentum()
    local sun = bodies[1]
    sun.vx, sun.vy, sun.vz = -px / SOLAR_MASS, -py / SOLAR_MASS, -pz / SOLAR_MASS
end

local function energy()
    local e = 0
    for i, a in ipairs(bodies) do
        e = e + 0.5 * a.mass * (a.vx ^ 2 + a.vy ^ 2 + a.vz ^ 2)
        for j = i + 1, #bodies do
            local b = bodies[j]
            e = e - a.mass * b.mass / ((a.x - b.x) ^ 2 + (a.y - b.y) ^ 2 + (a.z - b.z) ^ 2) ^ 0.5
        end
    end
    return e
end

-- Changes the velocities by what the bodies pull at each other in `dt`.
local function kick(dt)
    for i = 1, #bodies do
        local a = bodies[i]
        for j = i + 1, #bodies do
            local b = bodies[j]
            local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
            local square = dx * dx + dy * dy + dz * dz
            local pull = dt / (square * square ^ 0.5)
            local pa, pb = pull * a.mass, pull * b.mass
            a.vx, a.vy, a.vz = a.vx - dx * pb, a.vy - dy * pb, a.vz - dz * pb
            b.vx, b.vy, b.vz = b.vx + dx * pa, b.vy + dy * pa, b.vz + dz * pa
        end
    end
end

local function drift(dt)
    for _, b in ipairs(bodies) do
        b.x, b.y, b.z = b.x + dt * b.vx, b.y + dt * b.vy, b.z + dt * b.vz
    end
end

settle()
local before = energy()
print(("energy at start  %.9f"):format(before))

-- Leapfrog: velocities are half a step ahead of places, which keeps the energy to second order.
local STEPS, DT = 300, 0.04
local furthest = 0
kick(DT / 2)
for _ = 1, STEPS do
    drift(DT)
    kick(DT)
    local sun, jupiter = bodies[1], bodies[2]
    furthest = math.max(furthest, ((sun.x - jupiter.x) ^ 2 + (sun.y - jupiter.y) ^ 2 + (sun.z - jupiter.z) ^ 2) ^ 0.5)
end
kick(-DT / 2)
local after = energy()
print(("energy after %g years  %.9f"):format(STEPS * DT, after))
print(("Jupiter's greatest distance from the Sun  %.3f AU"):format(furthest))

assert(math.abs(before - -0.169075164) < 1e-9)
assert(math.abs(after - before) < 1e-6, "energy is lost")
local px, py, pz = momentum()
assert(math.abs(px) + math.abs(py) + math.abs(pz) < 1e-12, "momentum is lost")
assert(furthest > 5.40 and furthest < 5.50, "Jupiter's aphelion is 5.45 AU")
return after
