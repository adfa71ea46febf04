-- os.date whose result is twenty times its format
-- expect: memory_limit
-- time: 5000 ms
return #os.date(string.rep("%c", 8000000))
