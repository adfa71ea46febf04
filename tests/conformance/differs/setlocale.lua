-- levels: none
-- A locale belongs to the whole process: there is none but "C".
local check = require "check"

check.is("the environment's", os.setlocale(""))
check.is("C and POSIX", os.setlocale("C"), os.setlocale("POSIX"), os.setlocale(nil))
