-- "not enough memory" as an error of the script's own is an ordinary error
-- expect: runtime_error
error("not enough memory", 0)
