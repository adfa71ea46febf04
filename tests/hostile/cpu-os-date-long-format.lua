-- One os.date with a format of 10 MB: if all of it is one host section, nothing ends it
-- expect: time_limit
return #os.date(string.rep("%%%n", 2500000))
