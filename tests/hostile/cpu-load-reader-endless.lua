-- A reader that never ends, one byte at a time
-- expect: time_limit|memory_limit
return load(function() return " " end)
