-- levels: none restricted strict
local check = require "check"

check.is("continue", (function()
    local t = {}
    for i = 1, 6 do
        if i % 2 == 0 then goto continue end
        t[#t + 1] = i
        ::continue::
    end
    return t
end)())
check.is("backwards", (function()
    local n = 0
    ::again::
    n = n + 1
    if n < 5 then goto again end
    return n
end)())
check.is("out of nested loops", (function()
    for i = 1, 3 do
        for j = 1, 3 do
            if i * j == 4 then goto done end
        end
    end
    do return "not found" end
    ::done::
    return "found"
end)())
check.is("a loop makes new variables", (function()
    local t, i = {}, 1
    ::top::
    local x = i
    t[i] = function() x = x + 1; return x end
    i = i + 1
    if i <= 3 then goto top end
    return t[1](), t[1](), t[2](), t[3]()
end)())
check.is("the same label in different functions", (function()
    goto l1
    ::l1::
    return (function() goto l1; do return 1 end ::l1:: return 2 end)()
end)())
check.is("a label at the end of a block", (function() do goto e; local a = 1; ::e:: end return "fine" end)())
check.is("labels at the end with void statements", (function() do goto e; local a = 1; ::e:: ; ; ::f:: end return "fine" end)())
check.is("goto in repeat", (function() local i = 0 repeat i = i + 1 if i < 3 then goto c end do return i end ::c:: until false end)())
check.is("goto into an enclosing block", (function() do do goto out end end ::out:: return "out" end)())
check.each {
    "goto nowhere", "do ::inside:: end goto inside", "goto inside do ::inside:: end", "::twice:: ::twice::", "::a:: do ::a:: end", "goto a local x ::a:: print(x)", "goto a local x ::a::", "goto a local x <close> = nil ::a:: ;", "do goto a end local x ::a:: x = 1", "break", "if true then break end", "while true do local function f() break end end", "for i = 1, 2 do ::a:: end goto a", "repeat goto c local x ::c:: until x", "goto = 1", "local goto = 1", "function f() goto a end ::a::", "goto a; goto b; ::a::",
}
check.is("break in every loop", (function()
    local n = 0
    while true do n = n + 1 break end
    repeat n = n + 1 break until false
    for i = 1, 10 do n = n + 1 break end
    for _ in pairs {1, 2, 3} do n = n + 1 break end
    return n
end)())
