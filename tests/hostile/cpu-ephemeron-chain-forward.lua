-- An ephemeron table as a chain in the order that the collector likes least, rebuilt forever
-- expect: time_limit
-- hook: no (single steps of the collector take a tenth of a second, and the hook looks once in a thousand instructions)
while true do
  local e, first = setmetatable({}, {__mode = "k"}), {}
  local key = first
  for i = 1, 20000 do local next = {} e[key] = next key = next end
  for i = 1, 20000 do local g = {i} end
end
