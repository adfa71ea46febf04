-- levels: restricted strict
-- What a level does not allow is not there.
local check = require "check"

check.is("libraries", type(io), type(debug), type(package))
check.is("of the base", dofile, loadfile)
check.is("of string", string.dump)
check.is("of os", os and os.execute, os and os.exit, os and os.getenv, os and os.remove, os and os.rename, os and os.tmpname, os and os.setlocale)
check.is("at strict", type(math), type(utf8), type(coroutine), type(warn), type(string.rep), type(table.insert), type(_G))
check.call("calling one", function() io.write("x") end)
