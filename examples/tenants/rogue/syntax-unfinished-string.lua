-- Syntax error: a text without its closing quote, as a language model cut off in the middle leaves it.
-- expect: syntax_error

local greeting = "Hello, world
print(greeting)
