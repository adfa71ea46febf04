-- Run out of memory inside the parser, in the middle of 100,000 functions
-- expect: memory_limit
-- time: 5000 ms
return load("return {" .. string.rep("function(a, b, c) return a .. b .. c .. 'abcdefgh' end,", 250000) .. "}")
