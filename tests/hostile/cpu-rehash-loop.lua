-- A table that grows and is emptied so that every insertion counts all keys anew
-- expect: time_limit
local t = {}
for i = 1, 200000 do t[i + 0.5] = i end
while true do
  for i = 1, 200000 do t[i + 0.5] = nil t["k" .. i] = i end
  for i = 1, 200000 do t["k" .. i] = nil t[i + 0.5] = i end
end
