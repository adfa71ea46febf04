-- A loop in the reader of load, which turns errors into results
-- expect: time_limit
while true do load(function() while true do end end) end
