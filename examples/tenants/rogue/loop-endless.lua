-- Endless loop: Collatz with a wrong step, which goes in a circle for ever.
-- expect: time_limit
-- output: searching

print("searching")
local n, steps = 27, 0
while n ~= 1 do
    n = n % 2 == 0 and n // 2 or 3 * n - 1
    steps = steps + 1
end
print(steps)
