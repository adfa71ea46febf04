-- __len lies: 2^62, negative, float, string, table.
-- expect: ok
return setmetatable({}, {__len = function() return 1 << 62 end}), setmetatable({}, {__len = function() return -1 end}),
  setmetatable({}, {__len = function() return 1.5 end}), setmetatable({}, {__len = function() return "x" end})
