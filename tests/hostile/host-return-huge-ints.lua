-- Integers and floats at the edges, NaN, -0.0, inf.
-- expect: ok
return math.maxinteger, math.mininteger, (1 << 53) + 1, 2^63, -2^63, 2^1023 * 2, -(0/0), -0.0, 1e-320, {math.maxinteger, 0/0}
