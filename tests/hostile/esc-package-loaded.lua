-- Reach io, debug or the whole of os through require and what package would hold
-- expect: ok
if package then return "ESCAPED: package is there" end
for _, name in ipairs{"io", "debug", "package", "ffi", "lfs", "/etc/passwd", "../x", "", "\0io"} do
  if pcall(require, name) then return "ESCAPED: require finds '" .. name .. "'" end
end
if require("os") ~= os or require("_G") ~= _G then return "ESCAPED: require has other tables than the script" end
if require("os").execute or require("os").exit or require("os").getenv then return "ESCAPED: os is whole" end
return "HELD"
