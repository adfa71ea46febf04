-- A script that watches the clock to be gone before its deadline, and is not
-- expect: time_limit
local start = os.clock()
while os.clock() - start < 1e9 do end
