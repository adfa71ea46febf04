-- Utf8.codes accepts spurious continuation bytes (5.4.0-5.4.4, fixed 5.4.5, a1089b41) -> validators built on it are bypassed; \xff lead byte is a 35-bit shift (UB, fixed 2026 10eb89d1).
-- expect: ok|runtime_error
local function bad(s) return not pcall(function() for _ in utf8.codes(s) do end end) end
local r = {}
for _, s in ipairs{"ab\xff", "in\x80valid", "\xbfinvalid", "αλφ\xBFα"} do
  if not bad(s) then r[#r + 1] = string.format("%q", s) end
end
assert(not utf8.len("\xff\x8f\x8f\x8f\x8f\x8f\x8f\x8f"))
if #r > 0 then error("WRONG: accepted invalid UTF-8: " .. table.concat(r, " ")) end
print("OK")
return "HELD"
