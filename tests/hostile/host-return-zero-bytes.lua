-- Strings and keys with zero bytes, invalid UTF-8 and control characters
-- expect: ok
return "\0", "a\0b", "\xff\xfe", {["\0"] = "\0\0", ["\xC0\x80"] = 1, [""] = ""}, string.rep("\0", 100000)
