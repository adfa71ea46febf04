-- Sparse arrays: t[2^40]=1 (hosts that allocate by max index).
-- expect: ok
-- time: 5000 ms
return {[1] = 1, [1 << 40] = 2}, {[2147483647] = 1}, {nil, nil, nil, 4}
