-- One huge string.rep.
-- expect: runtime_error
return #string.rep("x", 1 << 40)
