-- Functions, coroutines, library functions and closures over everything as results
-- expect: ok|value_limit
return print, function() while true do end end, coroutine.create(print), coroutine.wrap(print), {f = string.rep, g = load("while true do end")}
