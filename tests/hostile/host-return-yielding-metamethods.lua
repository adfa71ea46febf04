-- Results whose every metamethod yields, errs, or changes the others
-- expect: ok
-- time: 5000 ms
local a, b = {1, 2, 3}, {x = 1}
local mt = {} for _, k in ipairs{"__index", "__len", "__pairs", "__tostring", "__name", "__eq", "__lt", "__call", "__close", "__mode", "__metatable"} do mt[k] = function() a[#a + 1] = b coroutine.yield() error("x") end end
return setmetatable(a, mt), setmetatable(b, mt), setmetatable({}, mt)
