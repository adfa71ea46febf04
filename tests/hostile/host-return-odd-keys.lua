-- Float, boolean, table, function, huge-integer and mixed keys.
-- expect: value_limit
return {[1.5] = 1, [true] = 2, [{}] = 3, [print] = 4, [math.mininteger] = 5, [2^53] = 6, [''] = 7, ['\0'] = 8, [-1] = 9, [1] = 10, ['1'] = 11}
