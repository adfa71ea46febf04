-- Table.move over 2^63 empty slots: C loop.
-- expect: time_limit
-- hook: no (one call of a C function; the hook does not come in there)
table.move({}, 1, math.maxinteger - 1, 2)
