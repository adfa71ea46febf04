-- What is called at the end of the C stack is no function, and the handler is called there too (CVE-2020-24342, 5.4.0)
-- expect: ok|runtime_error|vm_fault
-- defect: callnoyield-redzone
local nothing = setmetatable({}, { __index = function(t, k) return t[k .. "x"]() end })
local function deep()
    local _ = nothing.x
end
for _ = 1, 3 do
    xpcall(deep, nothing)
    xpcall(deep, function() return nothing.y end)
    pcall(string.gsub, "x", "x", function() return nothing.z() end)
end
return "HELD"
