-- Weak keys and weak values by the hundred thousand, while the collector works
-- expect: time_limit
local k, v, kv = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "v"}), setmetatable({}, {__mode = "kv"})
local i = 0
while true do
  i = i + 1
  local o = {}
  k[o] = {o} v[i] = o kv[o] = o
end
