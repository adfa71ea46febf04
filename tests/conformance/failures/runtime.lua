-- levels: none restricted strict
-- fails
local function inner(t)
    return t.x.y
end
print("before: 1")
inner({})
print("never: 1")
