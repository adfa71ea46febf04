-- Keys that are equal as floats and integers, nan values, infinities, subnormals
-- expect: ok
return {[0] = 1, [-0.0] = 2, [1e300] = 0/0, [2^63] = -1/0, [5e-324] = -0.0, [math.mininteger] = math.maxinteger, [-1.5] = {}}
