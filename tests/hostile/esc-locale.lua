-- Change the locale, so that numbers and letters mean something else to everybody
-- expect: ok
if os.setlocale then return "ESCAPED: os.setlocale is there" end
if tostring(0.5) ~= "0.5" or tonumber("0,5") or ("\xE4"):find("%a") or not ("a" < "b") then return "ESCAPED: another locale is in force" end
return "HELD"
