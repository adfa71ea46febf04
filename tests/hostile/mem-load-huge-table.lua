-- Constructor with millions of fields.
-- expect: memory_limit
-- time: 5000 ms
return load("return {" .. string.rep("{},", 5000000) .. "}")
