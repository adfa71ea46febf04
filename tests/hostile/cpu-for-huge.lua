-- Numeric for over 2^63.
-- expect: time_limit
for i = 1, math.maxinteger do end
