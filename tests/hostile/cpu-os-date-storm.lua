-- os.date with every conversion, in host sections without end
-- expect: time_limit
local f = "!" .. "%a%A%b%B%c%d%D%e%F%g%G%h%H%I%j%m%M%n%p%r%R%S%t%T%u%U%V%w%W%x%X%y%Y%z%Z%%"
while true do os.date(f, 0) os.date("*t") os.date(f:sub(2)) end
