-- Names of ten million bytes: of a variable, a field, a method and a label, and in the messages of errors about them
-- expect: ok|memory_limit
-- time: 20000 ms
local name = ("n"):rep(4 << 20)
local CASES = { "local N = nil; return N.x", "return N.x", "return _ENV.x.N()", "local t = {} t:N()", "goto N", "::N:: ::N::", "local N <const> = 1; N = 2", "local x <N> = 1",
    "return #N", "return N + 1", "return 1 .. N .. {}", "return N < {}", "N = = 1", "for i = 1, N do end", "error('N')", "return ('x'):N()" }
for _, case in ipairs(CASES) do
    local f, message = load((case:gsub("N", function() return name end)), "=" .. name)
    local ok, said
    if f then ok, said = pcall(f) else ok, said = f, message end
    if ok then return "ESCAPED: " .. case end
end
return "HELD"
