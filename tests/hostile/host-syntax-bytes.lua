-- Bytes that are no Lua at all, where the program should be
-- expect: syntax_error
 ÿ ]]]] --[==[ %s%n
