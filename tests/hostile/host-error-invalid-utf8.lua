-- A message of bytes that are no text
-- expect: runtime_error
error("\xff\xfe\0\27[31m" .. string.rep("\x80", 2000), 0)
